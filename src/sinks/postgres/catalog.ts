/** What PostgreSQL knows about a table. */
import { quote } from "../quote.ts";
import type { Session } from "./session.ts";

export interface StoredColumn {
  name: string;
  /** As `format_type` spells it: `character varying(20)`. */
  type: string;
  notNull: boolean;
  /** Filled by the database when a row leaves it out: a default, an identity. */
  filled: boolean;
  /** Cannot be written: GENERATED ALWAYS, as an identity or from an expression. */
  always: "identity" | "expression" | undefined;
}

export interface StoredTable {
  /** pg_class.relkind: `r` a table, `p` a partitioned one, `v` a view, … */
  kind: string;
  columns: Map<string, StoredColumn>;
  /** Columns of each index that ON CONFLICT can go by. */
  uniqueKeys: string[][];
}

interface ColumnRow {
  relkind: string;
  name: string | null;
  type: string;
  not_null: boolean;
  has_default: boolean;
  identity: string;
  generated: string;
}

/** Reads the table that the name means on this connection's search path; undefined when there is none. */
export async function readTable(session: Session, name: string): Promise<StoredTable | undefined> {
  const rows = await session.query<ColumnRow>(
    `SELECT c.relkind, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
       a.atthasdef AS has_default, a.attidentity AS identity, coalesce(to_jsonb(a) ->> 'attgenerated', '') AS generated
     FROM pg_class AS c
     LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.oid = to_regclass($1) ORDER BY a.attnum`,
    [quote(name)],
  );
  const [first] = rows;
  if (!first) return undefined;
  const columns = rows.flatMap((row) => (row.name === null ? [] : [[row.name, columnOf(row, row.name)] as const]));
  return {
    kind: first.relkind,
    columns: new Map(columns),
    uniqueKeys: await readUniqueKeys(session, name),
  };
}

function columnOf(row: ColumnRow, name: string): StoredColumn {
  const always = row.identity === "a" ? "identity" : row.generated === "" ? undefined : "expression";
  return {
    name,
    type: row.type,
    notNull: row.not_null,
    filled: row.has_default || row.identity !== "",
    always,
  };
}

/** Partial, expression, invalid and deferrable indexes are no arbiters of ON CONFLICT, so they are left out. */
async function readUniqueKeys(session: Session, name: string): Promise<string[][]> {
  const rows = await session.query<{ columns: string }>(
    `SELECT to_json(array_agg(a.attname))::text AS columns FROM pg_index AS i
     CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
     JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indimmediate
       AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
     GROUP BY i.indexrelid`,
    [quote(name)],
  );
  return rows.map((row) => JSON.parse(row.columns) as string[]);
}
