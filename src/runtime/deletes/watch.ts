/** Looks at records on their way: which key each has, whether it says that it was deleted, who was merged into it. */
import { FatalError, messageOf, RecordError, SpecError } from "../../errors.ts";
import { compile, type Compiled } from "../../jsonata/index.ts";
import { mainTarget, type TargetSpec } from "../../spec/targets.ts";
import type { Pipeline } from "../../spec/types.ts";
import { compileCoercion } from "../../values/coerce.ts";
import { keyOf } from "../batch.ts";
import { ThrownValue } from "../mapping/field.ts";
import { compileMapping, type Mapped, type Mapping, type MappingOptions, type Prepared } from "../mapping/index.ts";

/** What a record says. */
export interface Look {
  /** The key as `sink.keyText` has it; undefined where it cannot be read. */
  key: string | undefined;
  /** How new this version is, as the key would be written; empty where that is not to be had. */
  newer: string;
  /** It says that it was deleted. */
  flagged: boolean;
  /** Keys of those that were merged into it. */
  losers: readonly string[];
}

export interface Watch {
  mapping: Mapping;
  /** Synchronous where every expression is. */
  look(prepared: Prepared): Look | Promise<Look>;
  /** An id that an expression gave as the text of a key; undefined for what cannot be one. */
  keyTextOf(id: unknown): string | undefined;
}

/** A longer one is too long for an index of PostgreSQL. */
const longestKey = 2_000;
const comparable = new Set(["timestamp", "date", "integer", "bigint"]);

/** Columns that tell rows and versions apart: all that is mapped of a record that becomes no row. */
export function keyColumns({ mapping, upsert }: TargetSpec): TargetSpec["mapping"] {
  const names = new Set([...upsert.keys, ...(upsert.newer_by === undefined ? [] : [upsert.newer_by])]);
  return Object.fromEntries(Object.entries(mapping).filter(([name]) => names.has(name)));
}

/** A pipeline that maps of each record no more than its key, and so asks for no more where a request says what it wants. */
export function reduced(spec: Pipeline): Pipeline {
  const { rules: _rules, children: _children, ...rest } = spec;
  return { ...rest, mapping: keyColumns(targetOf(spec)) };
}

/** The table of records; validate lets nothing else have deletes. */
function targetOf(spec: Pipeline): TargetSpec {
  const main = mainTarget(spec);
  if (main) return main;
  throw new SpecError(`${spec.pipeline}: deletes are about the rows of records, and only their children are rows here`);
}

/** Compiles a pipeline's watch. Throws SpecError for what cannot be compiled. */
export function compileWatch(spec: Pipeline, options: MappingOptions): Watch {
  const mapping = compileMapping(reduced(spec), options);
  const { upsert } = targetOf(spec);
  const columns = mapping.main?.columns ?? [];
  const position = (name: string | undefined): number => columns.findIndex((column) => column.name === name);
  const at = upsert.keys.map(position);
  const newerAt = position(upsert.newer_by);
  const comparesNewer = comparable.has(columns[newerAt]?.type ?? "");
  const { deletes } = spec;
  const flag = deletes?.detect === "flag" ? compile(deletes.when) : undefined;
  const merged = deletes?.merged === undefined ? undefined : compile(deletes.merged);
  const keyTextOf = compileKeyText(targetOf(spec));

  const lookAt = (mapped: Mapped, flagged: unknown, losers: unknown): Look => {
    const key = at.every((index) => mapped.row[index] !== null) ? keyOf(mapped.row, at) : undefined;
    const newer = comparesNewer ? mapped.row[newerAt] : null;
    const ids = losers === undefined || losers === null ? [] : Array.isArray(losers) ? losers : [losers];
    return {
      key: key !== undefined && key.length <= longestKey ? key : undefined,
      newer: newer === null || newer === undefined ? "" : String(newer),
      flagged: flagged === true,
      losers: ids.map(keyTextOf).filter((text) => text !== undefined && text !== key) as string[],
    };
  };
  return {
    mapping,
    keyTextOf,
    look(prepared) {
      const values = [
        mapping.main?.map(prepared),
        evaluate(mapping, { compiled: flag, prepared, where: "deletes.when" }),
        evaluate(mapping, { compiled: merged, prepared, where: "deletes.merged" }),
      ] as const;
      if (!values.some((value) => value instanceof Promise)) return lookAt(values[0] as Mapped, values[1], values[2]);
      return Promise.all(values).then(([mapped, flagged, losers]) => lookAt(mapped as Mapped, flagged, losers));
    },
  };
}

/** What an expression gives; nothing where there is none. Throws FatalError, also through the promise. */
function evaluate(
  mapping: Mapping,
  { compiled, prepared, where }: { compiled: Compiled | undefined; prepared: Prepared; where: string },
): unknown {
  if (compiled === undefined) return undefined;
  const settle = (value: unknown): unknown => {
    if (!(value instanceof ThrownValue)) return value;
    throw new FatalError(`${where} failed: ${messageOf(value.error)}`, { cause: value.error });
  };
  const value = mapping.evaluate(compiled, prepared);
  return value instanceof Promise ? value.then(settle) : settle(value);
}

function compileKeyText({ mapping, upsert }: TargetSpec): Watch["keyTextOf"] {
  const [column] = upsert.keys;
  const field = mapping[column ?? ""];
  if (field === undefined || upsert.keys.length > 1) return () => undefined;
  const coerce = compileCoercion(field.type);
  return (id) => {
    try {
      const value = coerce(id, () => {});
      return value === null || String(value).length > longestKey ? undefined : String(value);
    } catch (error) {
      // Whatever is no value of the key's type is the key of no row.
      if (error instanceof RecordError) return undefined;
      throw error;
    }
  };
}
