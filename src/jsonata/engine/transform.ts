/** `| … | … |`: a function that gives a copy with changes. */
import { parseSignature, referenceFunctions, type Signature } from "../reference-functions.ts";
import { Builtin } from "./callables.ts";
import { handOver } from "./hand-over.ts";
import { NO_TUPLE, type Over } from "./steps.ts";
import { isSequence } from "./values.ts";

export interface Changes {
  pattern: Over;
  update: Over;
  remove?: Over;
}

let signature: Signature | undefined;

export function transform(changes: Changes): Builtin {
  signature ??= parseSignature("$value", "<(oa):o>");
  const implementation = (value: unknown): unknown => (value === undefined ? undefined : change(value, changes));
  return new Builtin({ implementation, signature });
}

function change(value: unknown, { pattern, update, remove }: Changes): unknown {
  const clone = referenceFunctions()["clone"]!;
  const copy: unknown = clone.implementation(...clone.signature!.validate([value], null));
  const found = pattern(copy, NO_TUPLE);
  if (found === undefined) return copy;
  for (const match of Array.isArray(found) ? (found as unknown[]) : [found]) {
    merge(match, update(match, NO_TUPLE));
    if (remove) drop(match, remove(match, NO_TUPLE));
  }
  return copy;
}

function merge(match: unknown, update: unknown): void {
  if (update === undefined) return;
  if (typeof update !== "object" || update === null || Array.isArray(update)) handOver();
  const names = Object.keys(update as object);
  // What is no object, or shared with what was given, is the reference's to judge.
  if (names.length > 0 && (typeof match !== "object" || match === null)) handOver();
  for (const name of names) (match as Record<string, unknown>)[name] = (update as Record<string, unknown>)[name];
}

function drop(match: unknown, names: unknown): void {
  if (names === undefined) return;
  const list: unknown[] = Array.isArray(names) ? names : [names];
  if (list.some((name) => typeof name !== "string")) handOver();
  if (typeof match !== "object" || match === null || isSequence(match)) return;
  for (const name of list) delete (match as Record<string, unknown>)[name as string];
}
