/**
 * A table's mapping as one function, made once as JavaScript: it reads every column's value, a prefix that several
 * paths share once, and puts each through what makes a column of it. A record costs its row and one object.
 */
import { type Compiled, isInherited } from "../../jsonata/index.ts";
import type { CompiledField } from "./field.ts";
import { startMapped, type Mapped } from "./outcome.ts";
import { evaluate, type Prepared } from "./prepare.ts";

export interface RowField extends CompiledField {
  /** The names, where the expression is nothing but a path of them. */
  names: readonly string[] | undefined;
  compiled: Compiled;
  /** A json column takes the source's value untouched, nulls included. */
  isJson: boolean;
}

export interface NewerLimit {
  /** The column that says which of two rows is the newer one. */
  at: number;
  /** What a record's limit is, by the value that the column's expression gave. */
  limitOf(value: unknown): Mapped["newerLimit"];
}

/** Synchronous where every value comes at once. */
export type RowFunction = (prepared: Prepared) => Mapped | Promise<Mapped>;

/** What a path leads on from where nothing stands. */
const NOTHING: object = Object.freeze(Object.create(null) as object);

/** Makes the function. It sees no `problem` of a record, and no rules. */
export function rowFunction(fields: readonly RowField[], newer?: NewerLimit): RowFunction {
  const later = (values: readonly unknown[], mapped: Mapped): Mapped => {
    mapped.row = fields.map(({ finish }, index) => finish(values[index], mapped));
    if (newer) mapped.newerLimit = newer.limitOf(values[newer.at]);
    return mapped;
  };
  const surroundings = {
    ...Object.fromEntries(
      fields.flatMap(({ compiled, finish, isInForm }, index) => [
        [`e${index}`, compiled],
        [`f${index}`, finish],
        [`t${index}`, isInForm],
      ]),
    ),
    NOTHING,
    evaluate,
    startMapped,
    later,
    limitOf: newer?.limitOf,
    own: (object: object, name: string): unknown =>
      Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined,
    isList: Array.isArray,
  };
  const make = new Function("surroundings", sourceOf(fields, Object.keys(surroundings), newer?.at)) as (
    given: typeof surroundings,
  ) => RowFunction;
  return make(surroundings);
}

function sourceOf(fields: readonly RowField[], names: readonly string[], newerAt: number | undefined): string {
  const values = fields.map((_, index) => `v${index}`).join(",");
  const prefixes = new Map<string, string>();
  const reads: string[] = [];
  for (const [index, field] of fields.entries()) reads.push(...readOf(field, index, prefixes));
  const row = fields.map((field, index) => finishOf(field, index)).join(",");
  return `"use strict";const {${names.join(",")}}=surroundings;let waits=false;
const ask=(compiled,input,bindings)=>{const value=evaluate(compiled,input,bindings);if(value instanceof Promise)waits=true;return value;};
return (prepared)=>{
const record=prepared.record,mapped=startMapped(),n0=typeof record==="object"&&record!==null?record:NOTHING;
let t;waits=false;
${reads.join("\n")}
if(waits)return Promise.all([${values}]).then((settled)=>later(settled,mapped));
mapped.row=[${row}];
${newerAt === undefined ? "" : `mapped.newerLimit=limitOf(v${newerAt});`}
return mapped;
}`;
}

/** Reads a column's value into a variable, after the prefixes that are not read yet. */
function readOf({ names, isJson }: RowField, index: number, prefixes: Map<string, string>): string[] {
  const ask = `ask(e${index},prepared.${isJson ? "record" : "input"},prepared.bindings)`;
  if (!names) return [`const v${index}=${ask};`];
  const lines: string[] = [];
  let from = "n0";
  for (let length = 1; length < names.length; length++) {
    const prefix = JSON.stringify(names.slice(0, length));
    let known = prefixes.get(prefix);
    if (known === undefined) {
      known = `n${prefixes.size + 1}`;
      prefixes.set(prefix, known);
      // A list on the way is the evaluator's, which maps and flattens it: it stands for all that is below.
      const below = `typeof (t=${load(from, names[length - 1]!)})==="object"&&t!==null?t:NOTHING`;
      lines.push(`const ${known}=isList(${from})?${from}:${below};`);
    }
    from = known;
  }
  const value = load(from, names.at(-1)!);
  // What has parts may have nulls in them, and may be a sequence.
  const whole = isJson ? value : `typeof (t=${value})!=="object"||t===null?t:${ask}`;
  lines.push(`const v${index}=isList(${from})?${ask}:${whole};`);
  return lines;
}

function load(object: string, name: string): string {
  return isInherited(name) ? `own(${object},${JSON.stringify(name)})` : `${object}[${JSON.stringify(name)}]`;
}

/** A column's value; what is missing, and what is in the column's form already, costs no call. */
function finishOf({ isInForm, mayBeMissing }: RowField, index: number): string {
  const value = `v${index}`;
  const finished = `f${index}(${value},mapped)`;
  const settled = isInForm ? `t${index}(${value})?${value}:${finished}` : finished;
  return mayBeMissing ? `${value}===undefined||${value}===null?null:${settled}` : settled;
}
