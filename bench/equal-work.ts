/** Whether a peer's target holds the rows that it should: their number, and a checksum over what both have. */
import type { Column, Landed } from "./contract.ts";
import { query } from "./databases.ts";

export interface Verdict {
  rows: number;
  /** Why this is not the same work; undefined where it is. */
  wrong?: string;
  /** Columns that were not compared because the peer did not make them. */
  absent: string[];
}

/** Where the rows are that must be there, under the columns' own names. */
export interface Expected {
  url: string;
  table: string;
  /** It stays as it is, so that its sums need to be taken once. */
  constant?: boolean;
}

/**
 * @param expected address and table of what must be there, its columns under their own names.
 * @param actual the peer's database and where in it the rows are.
 */
export async function compareRows(
  columns: readonly Column[],
  expected: Expected,
  actual: { url: string; landed: Landed },
): Promise<Verdict> {
  const { table, columns: renamed } = actual.landed;
  const key = columns[0]!;
  const sqlOf = (column: Column): string | undefined =>
    renamed && column.name in renamed ? renamed[column.name] : `"${column.name}"`;
  const shared = columns.filter((column) => sqlOf(column) !== undefined);
  const absent = columns.filter((column) => sqlOf(column) === undefined).map(({ name }) => name);
  const wanted = await sumsOf(expected, shared);
  const [found] = await query<Sums>(
    actual.url,
    sums(table, shared, (column) => sqlOf(column)!),
  );
  const rows = Number(found!.rows);
  if (wanted.rows !== found!.rows) return { rows, absent, wrong: `${found!.rows} rows instead of ${wanted.rows}` };
  if (wanted.sum === found!.sum) return { rows, absent };

  const differing: string[] = [];
  for (const column of shared.slice(1)) {
    const one = [key, column];
    const [left] = await query<Sums>(
      expected.url,
      sums(expected.table, one, ({ name }) => `"${name}"`),
    );
    const [right] = await query<Sums>(
      actual.url,
      sums(table, one, (each) => sqlOf(each)!),
    );
    if (left!.sum !== right!.sum) differing.push(column.name);
  }
  return { rows, absent, wrong: `other values in ${differing.join(", ") || key.name}` };
}

const known = new Map<string, Sums>();

async function sumsOf({ url, table, constant }: Expected, columns: readonly Column[]): Promise<Sums> {
  const sql = sums(table, columns, (column) => `"${column.name}"`);
  const key = `${url} ${sql}`;
  const found = known.get(key) ?? (await query<Sums>(url, sql))[0]!;
  if (constant) known.set(key, found);
  return found;
}

interface Sums {
  rows: string;
  sum: string;
}

/** One statement: the number of rows, and the sum of a hash over the texts of each. The order plays no part. */
function sums(table: string, columns: readonly Column[], sqlOf: (column: Column) => string): string {
  const texts = columns.map((column) => `coalesce(${asText(column, sqlOf(column))}, '∅')`);
  return `SELECT count(*)::text AS rows, coalesce(sum(hashtextextended(concat_ws('|', ${texts.join(", ")}), 0)::numeric), 0)::text AS sum FROM ${table}`;
}

/** The connection's time zone is UTC, so a type without a zone is read as UTC. */
function asText({ kind }: Column, sql: string): string {
  switch (kind) {
    case "integer":
      return `(${sql})::numeric::bigint::text`;
    case "decimal":
      return `round((${sql})::numeric, 2)::text`;
    case "double":
      return `round((${sql})::numeric, 4)::text`;
    case "boolean":
      return `(${sql})::text::boolean::text`;
    case "date":
      return `(${sql})::timestamp::date::text`;
    case "timestamp":
      return `((${sql})::timestamptz AT TIME ZONE 'UTC')::text`;
    case "text":
      return `(${sql})::text`;
  }
}
