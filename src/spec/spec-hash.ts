import { createHash } from "node:crypto";
import { canonicalJson } from "../values/json-text.ts";
import { tree, type Tree } from "./tree.ts";
import type { Pipeline } from "./types.ts";

/** Keys that no record, row or request depends on. */
const besides = ["description", "tests", "tags", "enabled", "depends_on", "limits", "record_url"];
const words = ["description", "message"];

/**
 * The hash of all that decides what a record becomes and how it is asked for: a checkpoint and an ETag hold for
 * one hash only. Words for people and the order of keys are no part of it.
 */
export function specHash(spec: Pipeline): string {
  const { mapping, rules, params, ...rest } = without(spec as unknown as Tree, besides);
  const meaning = {
    ...rest,
    mapping: Object.fromEntries(
      Object.entries(tree(mapping)).map(([column, field]) => [column, fieldMeaning(tree(field))]),
    ),
    rules: ((rules ?? []) as Tree[]).map((rule) => without(rule, words)),
    params: Object.fromEntries(
      Object.entries(tree(params)).map(([name, param]) => [name, without(tree(param), words)]),
    ),
  };
  return createHash("sha256").update(canonicalJson(meaning)).digest("hex").slice(0, 16);
}

function fieldMeaning(field: Tree): Tree {
  const validate = ((field["validate"] ?? []) as Tree[]).map((use) => without(use, words));
  return { ...without(field, [...words, "sensitive"]), validate };
}

function without(map: Tree, names: readonly string[]): Tree {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !names.includes(name)));
}
