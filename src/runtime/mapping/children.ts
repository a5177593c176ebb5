/** Rows of a second table: the records that `each` finds in a record, each mapped as a record of its own. */
import { messageOf } from "../../errors.ts";
import { compile, plainNames } from "../../jsonata/index.ts";
import type { Row } from "../../sinks/contract.ts";
import type { Child } from "../../spec/types.ts";
import { ThrownValue } from "./field.ts";
import type { Failure, Mapped } from "./outcome.ts";
import { compileLets, evaluate, Prepared } from "./prepare.ts";
import { compileRows, type MappingOptions, type RowMapping } from "./rows.ts";

export interface ChildRecord {
  record: unknown;
  mapped: Mapped;
}

/** What a record holds for one table. */
export interface ChildSet {
  children: readonly ChildRecord[];
  /** The values of `replace_within` as the parent has them; undefined where there is none or they cannot be read. */
  within?: Row;
  /** Why its children cannot be told: `each` failed. */
  failure?: Failure;
}

export interface ChildMapping extends Pick<RowMapping, "columns"> {
  /** Synchronous where every expression is. */
  expand(parent: Prepared): ChildSet | Promise<ChildSet>;
}

/** Compiles one of `children`. Throws SpecError for types, formats and zones that do not exist. */
export function compileChild(child: Child, options: MappingOptions, nullValues: readonly string[]): ChildMapping {
  // A path of names gives a list as it stands: a list of one stays a list.
  const each = compile(child.each, { keepLists: true });
  // It finds the children as the source gave them, nulls and all: json columns take those.
  const isPath = plainNames(child.each) !== undefined;
  const lets = compileLets(child.let);
  const rows = compileRows(child, options, nullValues);
  const within = compileWithin(child, options, nullValues);

  const mapOne = (record: unknown, parent: Record<string, unknown>): Mapped | Promise<Mapped> => {
    if (!lets) return rows.map(new Prepared(record, parent));
    const prepared = lets(new Prepared(record, { ...parent }));
    return prepared instanceof Promise ? prepared.then((ready) => rows.map(ready)) : rows.map(prepared);
  };
  const mapAll = (found: unknown, parent: Prepared): ChildSet | Promise<ChildSet> => {
    const bindings = { ...parent.bindings, parent: parent.input };
    const records = listOf(found);
    if ("failure" in records) return { children: [], failure: records.failure };
    let waits = false;
    const mapped = records.list.map((record) => {
      const one = mapOne(record, bindings);
      if (one instanceof Promise) waits = true;
      return one;
    });
    const set = within?.(bindings);
    const finish = (rowsMapped: readonly Mapped[], values: Row | undefined): ChildSet => ({
      children: rowsMapped.map((one, index) => ({ record: records.list[index], mapped: one })),
      ...(values ? { within: values } : {}),
    });
    if (!waits && !(set instanceof Promise)) return finish(mapped as Mapped[], set);
    return Promise.all([Promise.all(mapped), set]).then(([all, values]) => finish(all, values));
  };

  return {
    columns: rows.columns,
    expand(parent) {
      const found = evaluate(each, isPath ? parent.record : parent.input, parent.bindings);
      return found instanceof Promise ? found.then((value) => mapAll(value, parent)) : mapAll(found, parent);
    },
  };
}

/** Maps the columns of `replace_within` alone: they read nothing of a child, so a record without any has them too. */
function compileWithin(
  { mapping, upsert }: Child,
  options: MappingOptions,
  nullValues: readonly string[],
): ((bindings: Record<string, unknown>) => Row | undefined | Promise<Row | undefined>) | undefined {
  const names = upsert.replace_within;
  if (!names) return undefined;
  const own = Object.fromEntries(names.map((name) => [name, mapping[name]!]));
  const rows = compileRows({ mapping: own, upsert: { keys: names } }, options, nullValues);
  const rowOf = ({ row, failures }: Mapped): Row | undefined => (failures.length === 0 ? row : undefined);
  return (bindings) => {
    const mapped = rows.map(new Prepared(undefined, bindings));
    return mapped instanceof Promise ? mapped.then(rowOf) : rowOf(mapped);
  };
}

const eachFailed = { stage: "map", field: "", rule: "each" } as const;

/** Nothing is none, and what is no list is a list of one: JSONata gives a sequence of one as its element. */
function listOf(found: unknown): { list: unknown[] } | { failure: Failure } {
  if (found instanceof ThrownValue)
    return { failure: { ...eachFailed, message: `the expression failed: ${messageOf(found.error)}` } };
  const list = found === undefined || found === null ? [] : Array.isArray(found) ? found : [found];
  const odd = list.find((item) => Array.isArray(item) || typeof item === "function");
  if (odd === undefined) return { list: list.filter((item) => item !== null && item !== undefined) };
  const what = Array.isArray(odd) ? "a list within the list" : "a function";
  return { failure: { ...eachFailed, message: `each gave ${what} where a child record is expected` } };
}
