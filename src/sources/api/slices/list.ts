import type { SlicesList } from "../../../spec/types.ts";
import { canonicalJson } from "../../../values/json-text.ts";
import type { Slice } from "./contract.ts";

/** A slice for each value: a map's keys are its names, a scalar is `slice.value`. */
export function* listSlices({ values }: SlicesList): Generator<Slice> {
  for (const value of values) {
    const names = typeof value === "object" ? value : { value };
    yield { key: canonicalJson(value), inTemplates: names, inExpressions: names };
  }
}
