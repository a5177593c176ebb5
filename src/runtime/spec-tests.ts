/** The `tests:` of a pipeline, run by the engine's own mapping; nothing is read or written. */
import { isDeepStrictEqual } from "node:util";
import { FatalError, messageOf, RecordError } from "../errors.ts";
import { compile } from "../jsonata/index.ts";
import type { Column } from "../sinks/contract.ts";
import type { Field, Param, Pipeline } from "../spec/types.ts";
import { compileCoercion } from "../values/coerce.ts";
import { compileWatch } from "./deletes/watch.ts";
import { ThrownValue } from "./mapping/field.ts";
import { compileMapping, rowObject, type Failure, type Mapped, type Mapping, type Prepared } from "./mapping/index.ts";
import { resolveParams } from "./params.ts";

export type SpecTest = NonNullable<Pipeline["tests"]>[number];

/** One thing that is not as the test says. What is not there is undefined. */
export interface Difference {
  /** `rows[0].email`, `children.line_item[1]`, `rejects[0].rule`, `warnings`. */
  at: string;
  expected?: unknown;
  got?: unknown;
  /** Where the two cannot be compared: why. */
  problem?: string;
}

type Values = Record<string, unknown>;

/** What a test's records became. */
interface Outcome {
  rows: Values[];
  /** By table. */
  children: Map<string, Values[]>;
  rejects: Failure[];
  /** Fields and rules. */
  warnings: string[];
}

/** Gives what is not as the test says; nothing where it passes. Throws SpecError for a spec that does not compile. */
export async function runSpecTest(spec: Pipeline, test: SpecTest): Promise<Difference[]> {
  let outcome: Outcome;
  try {
    outcome = await outcomeOf(spec, test);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    return [{ at: "records", problem: `a run would stop here: ${messageOf(error)}` }];
  }
  return [
    ...compareRows("rows", { expected: test.rows ?? [], got: outcome.rows }, spec.mapping ?? {}),
    ...(spec.children ?? []).flatMap(({ mapping, sink: { table } }) =>
      compareRows(
        `children.${table}`,
        { expected: (test.children?.[table] ?? []) as Values[], got: outcome.children.get(table) ?? [] },
        mapping,
      ),
    ),
    ...compareRejects((test.rejects ?? []) as Values[], outcome.rejects),
    ...compareWarnings(test.warnings ?? [], outcome.warnings),
  ];
}

/** What a test is about does not depend on the account: a required param may be anything of its type. */
const anyOfType: Record<Param["type"], string> = {
  text: "1",
  integer: "1",
  boolean: "true",
  date: "2025-01-01",
};

async function outcomeOf(spec: Pipeline, test: SpecTest): Promise<Outcome> {
  const required = Object.entries(spec.params ?? {}).filter(([, param]) => param.required);
  const given = Object.fromEntries(required.map(([name, { type }]) => [name, anyOfType[type]]));
  const options = {
    validation: test.validation ?? ("strict" as const),
    skipValidation: false,
    params: resolveParams(spec, given, {}).values,
  };
  const mapping = compileMapping(spec, options);
  const filter = spec.source.filter === undefined ? undefined : compile(spec.source.filter);
  const watch = spec.deletes?.detect === "flag" ? compileWatch(spec, options) : undefined;
  const outcome: Outcome = { rows: [], children: new Map(), rejects: [], warnings: [] };
  for (const record of test.records) {
    const prepared = await mapping.prepare(record);
    // The order of a run: what says that it was deleted makes no row, whatever the filter says.
    if (watch && (await watch.look(prepared)).flagged) continue;
    if (filter && !(await passes(mapping.evaluate(filter, prepared)))) continue;
    await take(outcome, { spec, mapping, prepared });
  }
  return outcome;
}

async function passes(evaluated: unknown): Promise<boolean> {
  const result = await evaluated;
  if (result instanceof ThrownValue)
    throw new FatalError(`source.filter failed: ${messageOf(result.error)}`, { cause: result.error });
  return result === true;
}

/** A record's row and those of its children: these count only where it is a row itself, or none is asked for. */
async function take(
  outcome: Outcome,
  { spec, mapping, prepared }: { spec: Pipeline; mapping: Mapping; prepared: Prepared },
): Promise<void> {
  if (mapping.main) {
    const { columns } = mapping.main;
    if (!add(outcome, outcome.rows, { columns, mapped: await mapping.main.map(prepared) })) return;
  } else if (prepared.problem) {
    outcome.rejects.push({ stage: "map", ...prepared.problem });
    return;
  }
  for (const [index, child] of mapping.children.entries()) {
    const { table } = spec.children![index]!.sink;
    const into = outcome.children.get(table) ?? [];
    outcome.children.set(table, into);
    const set = await child.expand(prepared);
    if (set.failure) outcome.rejects.push(set.failure);
    for (const { mapped } of set.children) add(outcome, into, { columns: child.columns, mapped });
  }
}

/** True for a row. */
function add(
  outcome: Outcome,
  into: Values[],
  { columns, mapped }: { columns: readonly Column[]; mapped: Mapped },
): boolean {
  outcome.warnings.push(...mapped.warnings.map(({ field, rule }) => field || rule));
  outcome.rejects.push(...mapped.failures);
  if (mapped.failures.length > 0) return false;
  into.push(rowObject(columns, mapped.row));
  return true;
}

/** Named columns alone; no row left out, none too many. */
function compareRows(
  at: string,
  { expected, got }: { expected: readonly Values[]; got: readonly Values[] },
  mapping: Record<string, Field>,
): Difference[] {
  return longest(expected, got).flatMap((index): Difference[] => {
    const [wanted, row] = [expected[index], got[index]];
    const place = `${at}[${index}]`;
    if (wanted === undefined || row === undefined) return [{ at: place, expected: wanted, got: row }];
    return Object.entries(wanted).flatMap(([column, value]) =>
      compareColumn(`${place}.${column}`, { value, got: row[column] }, mapping[column]),
    );
  });
}

function longest(one: readonly unknown[], other: readonly unknown[]): number[] {
  return Array.from({ length: Math.max(one.length, other.length) }, (_, index) => index);
}

/** The expected value is read as the column's type, as a source's value is. */
function compareColumn(
  at: string,
  { value, got }: { value: unknown; got: unknown },
  field: Field | undefined,
): Difference[] {
  if (!field) return [{ at, expected: value, problem: "there is no such column" }];
  const coerce = compileCoercion(field.type, { keepEmpty: true, trim: false, nullValues: [] });
  let problem: string | undefined;
  let expected: unknown;
  try {
    expected = coerce(value, (_rule, message) => (problem = message));
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    problem = error.message;
  }
  if (problem !== undefined)
    return [{ at, expected: value, got, problem: `what is expected is no ${field.type}: ${problem}` }];
  return isDeepStrictEqual(expected, got) ? [] : [{ at, expected, got }];
}

function compareRejects(expected: readonly Values[], got: readonly Failure[]): Difference[] {
  return longest(expected, got).flatMap((index): Difference[] => {
    const [wanted, reject] = [expected[index], got[index]];
    const at = `rejects[${index}]`;
    if (wanted === undefined || reject === undefined) return [{ at, expected: wanted, got: reject && shown(reject) }];
    const has = reject as unknown as Values;
    return Object.entries(wanted)
      .filter(([name, value]) => !isDeepStrictEqual(value, has[name]))
      .map(([name, value]) => ({ at: `${at}.${name}`, expected: value, got: has[name] }));
  });
}

function shown({ field, rule, message }: Failure): Values {
  return { field, rule, message };
}

/** In any order; one that comes twice is to be named twice. */
function compareWarnings(expected: readonly string[], got: readonly string[]): Difference[] {
  const [wanted, had] = [expected.toSorted(), got.toSorted()];
  return isDeepStrictEqual(wanted, had) ? [] : [{ at: "warnings", expected: wanted, got: had }];
}
