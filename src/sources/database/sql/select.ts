/** The statements of a source: its query, or one over its table, with the runtime's conditions filled in. */
import { SpecError } from "../../../errors.ts";
import type { DatabaseSource } from "../../../spec/types.ts";
import {
  compileSql,
  type CompiledSql,
  DROPPED,
  evaluate,
  type Predicate,
  type Scope,
  TemplateError,
} from "../../../template/index.ts";
import type { Bound } from "../../contract.ts";
import type { Dialect } from "../dialects/contract.ts";
import { ALWAYS, allOf, renderSql, type Sql, type Statement } from "./sql.ts";
import { resultName } from "./columns.ts";

export interface SelectInput {
  spec: DatabaseSource;
  dialect: Dialect;
  /** Names of the columns that the pipeline reads: what is asked of a table. */
  wanted: readonly string[];
  scope: Scope;
}

export interface SelectParts {
  delta: Sql;
  keyset: Sql;
  /** Columns to order by, as they are written; none leaves the order open. */
  order?: readonly string[];
  descending?: boolean;
  limit?: number;
}

export interface Select {
  /** A column of the spec as the statement writes it. */
  column(name: string): string;
  /** @throws TemplateError (a SpecError) for a value that is not there */
  statement(parts: SelectParts): Statement;
}

/** Compiles the source's SQL. @throws SpecError for SQL that cannot be meant */
export function compileSelect({ spec, dialect, wanted, scope }: SelectInput): Select {
  const source = spec.table === undefined ? checked(spec.query ?? "", dialect) : undefined;
  const where = spec.where === undefined ? undefined : checked(spec.where, dialect);
  const column = (name: string): string => (spec.table === undefined ? name : dialect.quote(resultName(name)));
  const fill = (compiled: CompiledSql, parts: SelectParts): Sql => filled(compiled, { parts, dialect, scope, spec });

  function whole(parts: SelectParts): Sql {
    if (source) return fill(source, parts);
    const columns = wanted.map((name) => dialect.quote(name)).join(", ");
    const conditions: Sql[] = [parts.delta, parts.keyset].filter((condition) => condition !== ALWAYS);
    if (where) conditions.unshift(["(", ...fill(where, parts), "\n)"]);
    return [
      `SELECT ${columns} FROM ${tableText(spec.table as string, dialect)}`,
      ...(conditions.length > 0 ? ["\nWHERE ", ...allOf(conditions)] : []),
    ];
  }

  function statement(parts: SelectParts): Statement {
    const { order = [], descending = false, limit } = parts;
    const direction = descending ? " DESC" : "";
    return renderSql(
      [
        ...whole(parts),
        ...(order.length > 0 ? [`\nORDER BY ${order.map((key) => `${key}${direction}`).join(", ")}`] : []),
        ...(limit === undefined ? [] : [`\nLIMIT ${limit}`]),
      ],
      (number) => dialect.placeholder(number),
    );
  }

  return { column, statement };
}

/** `schema.table`, quoted. */
export function tableText(table: string, dialect: Pick<Dialect, "quote">): string {
  return table
    .split(".")
    .map((part) => dialect.quote(part))
    .join(".");
}

/** `validate` has said the same: this is for specs that changed since. */
function checked(text: string, dialect: Dialect): CompiledSql {
  const compiled = compileSql(text, dialect.rules);
  const [problem] = compiled.problems;
  if (problem) throw new SpecError(`the source's SQL: ${problem.message}`);
  return compiled;
}

interface FillInput {
  parts: SelectParts;
  dialect: Dialect;
  scope: Scope;
  spec: DatabaseSource;
}

function filled(compiled: CompiledSql, { parts, dialect, scope, spec }: FillInput): Sql {
  return compiled.parts.flatMap((part): Sql => {
    if (part.kind === "text") return [part.text];
    if (part.kind === "predicate") return predicate(part.name, parts);
    const value = evaluate(part.expression, scope);
    const isList = Array.isArray(value);
    if (isList && value.length === 0)
      throw new TemplateError(`${part.text} is an empty list, and no database takes IN ()`, 0);
    const end = part.expression.kind === "path" && part.expression.parts[0] === "until" ? "until" : "since";
    return (isList ? value : [value]).flatMap((item: unknown, index): Sql => {
      const bound = isBound(item)
        ? dialect.bound(item, { end, delta: spec.delta })
        : dialect.value(item === DROPPED ? null : item);
      return index === 0 ? [bound] : [", ", bound];
    });
  });
}

function predicate(name: Predicate, { delta, keyset }: SelectParts): Sql {
  return ["(", ...(name === "delta" ? delta : keyset), ")"];
}

function isBound(value: unknown): value is Bound {
  return typeof value === "object" && value !== null && typeof (value as Bound).text === "string";
}
