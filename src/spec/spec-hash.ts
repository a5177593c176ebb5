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
  const { params, children, source, ...rest } = without(spec as unknown as Tree, besides);
  const meaning = {
    ...targetMeaning(rest),
    source: sourceMeaning(tree(source)),
    params: Object.fromEntries(
      Object.entries(tree(params)).map(([name, param]) => [name, without(tree(param), words)]),
    ),
    ...(children === undefined ? {} : { children: (children as Tree[]).map(targetMeaning) }),
  };
  return createHash("sha256").update(canonicalJson(meaning)).digest("hex").slice(0, 16);
}

/** How long an export is waited for: with more time the next run goes on with the job that it was too short for. */
const waits = ["every", "max_every", "for", "message"];

function sourceMeaning({ job, incremental, ...rest }: Tree): Tree {
  const { job: over, ...laid } = tree(incremental);
  const jobMeaning = (value: unknown): Tree =>
    value !== tree(value)
      ? { job: value }
      : { job: { ...without(tree(value), ["cleanup"]), poll: without(tree(tree(value)["poll"]), waits) } };
  return {
    ...rest,
    ...(job === undefined ? {} : jobMeaning(job)),
    ...(incremental === undefined ? {} : { incremental: { ...laid, ...(over === undefined ? {} : jobMeaning(over)) } }),
  };
}

function targetMeaning({ mapping, rules, ...rest }: Tree): Tree {
  return {
    ...rest,
    mapping: Object.fromEntries(
      Object.entries(tree(mapping)).map(([column, field]) => [column, fieldMeaning(tree(field))]),
    ),
    rules: ((rules ?? []) as Tree[]).map((rule) => without(rule, words)),
  };
}

function fieldMeaning(field: Tree): Tree {
  const validate = ((field["validate"] ?? []) as Tree[]).map((use) => without(use, words));
  return { ...without(field, [...words, "sensitive"]), validate };
}

function without(map: Tree, names: readonly string[]): Tree {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !names.includes(name)));
}
