import { messageOf, SpecError } from "../../../errors.ts";
import type { SlicesDate } from "../../../spec/types.ts";
import { compileTemplate, DROPPED } from "../../../template/index.ts";
import { isBound } from "../../../template/scope.ts";
import { isoOf } from "../../../values/instant.ts";
import { windowKey } from "../../../values/window-key.ts";
import { maxWindows, parseTimeSpan, readTimeBound, windowsBetween } from "../../../values/time-bound.ts";
import type { Bound } from "../../contract.ts";
import type { Slice, SliceScope } from "./contract.ts";

/**
 * Windows [from, to), one after another, the last one cut at `to`; none where `from` is not before `to`. Now is the
 * run's upper bound, which a resumed run has from its first attempt.
 * @throws SpecError for bounds that cannot be read, and for more than 10,000 windows.
 */
export function* dateSlices({ from, to, step }: SlicesDate, scope: SliceScope): Generator<Slice> {
  const now = instantOf(scope.values["until"], "until");
  const start = boundOf(from, "slices.from", { scope, now });
  const end = boundOf(to, "slices.to", { scope, now });
  let count = 0;
  for (const window of windowsBetween(start, end, parseTimeSpan(step))) {
    if (++count > maxWindows) {
      throw new SpecError(
        `source.slices gives more than ${maxWindows.toLocaleString("en-US")} windows of ${step} from ${isoOf(start)} to ${isoOf(end)}: take a longer step, or begin later`,
      );
    }
    yield sliceOf(window);
  }
}

function sliceOf(window: { from: string; to: string }): Slice {
  const from: Bound = { text: isoOf(window.from), instant: window.from };
  const to: Bound = { text: isoOf(window.to), instant: window.to };
  return {
    key: windowKey(window),
    inTemplates: { from, to },
    inExpressions: { from: from.text, to: to.text },
  };
}

function boundOf(text: string, where: string, { scope, now }: { scope: SliceScope; now: string }): string {
  if (!text.includes("{{")) return readTimeBound(text).at(now);
  // A bound is shown as the source writes it, which need not be a form that is read here.
  const name = /^\s*\{\{\s*(since|until)\s*\}\}\s*$/.exec(text)?.[1];
  if (name !== undefined) return instantOf(scope.values[name], text);
  const value = compileTemplate(text).render(scope, { mode: "value" });
  if (value === DROPPED) throw new SpecError(`source.${where} (${text}) stands on a param that was not given`);
  try {
    return readTimeBound(String(value)).at(now);
  } catch (error) {
    throw new SpecError(`source.${where} (${text}): ${messageOf(error)}`, { cause: error });
  }
}

function instantOf(value: unknown, what: string): string {
  const instant = isBound(value) ? value.instant : undefined;
  if (instant !== undefined) return instant;
  throw new SpecError(
    `source.slices cannot begin or end at ${what}: it is no instant, because the delta is neither a timestamp nor a date`,
  );
}
