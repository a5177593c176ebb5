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
  /** The collation by which texts that differ may be equal: one that is not deterministic. */
  looseCollation: string | undefined;
}

/** A unique index that ON CONFLICT can go by. */
export interface UniqueIndex {
  /** As SQL names it, quoted where it must be. */
  name: string;
  columns: string[];
  /** A collation of its own by which texts that differ may be equal. */
  looseCollation: string | undefined;
}

export interface StoredTable {
  /** pg_class.relkind: `r` a table, `p` a partitioned one, `v` a view, … */
  kind: string;
  /** Which rows it takes is a matter of policies: COPY refuses it. */
  hasPolicies: boolean;
  columns: Map<string, StoredColumn>;
  uniqueIndexes: UniqueIndex[];
}

interface ColumnRow {
  relkind: string;
  policies: boolean;
  name: string | null;
  type: string;
  not_null: boolean;
  has_default: boolean;
  identity: string;
  generated: string;
  loose: string | null;
}

/** The name of a collation that is not deterministic, else NULL. Before PostgreSQL 12 all of them are. */
const looseName = (alias: string): string =>
  `CASE WHEN to_jsonb(${alias}) ->> 'collisdeterministic' = 'false' THEN ${alias}.collname END`;

/** Reads the table that the name means on this connection's search path; undefined when there is none. */
export async function readTable(session: Session, name: string): Promise<StoredTable | undefined> {
  const rows = await session.query<ColumnRow>(
    `SELECT c.relkind, c.relrowsecurity AS policies, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
       a.atthasdef AS has_default, a.attidentity AS identity, coalesce(to_jsonb(a) ->> 'attgenerated', '') AS generated,
       ${looseName("l")} AS loose
     FROM pg_class AS c
     LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
     WHERE c.oid = to_regclass($1) ORDER BY a.attnum`,
    [quote(name)],
  );
  const [first] = rows;
  if (!first) return undefined;
  const columns = rows.flatMap((row) => (row.name === null ? [] : [[row.name, columnOf(row, row.name)] as const]));
  return {
    kind: first.relkind,
    hasPolicies: first.policies,
    columns: new Map(columns),
    uniqueIndexes: await readUniqueIndexes(session, name),
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
    looseCollation: row.loose ?? undefined,
  };
}

/** Partial, expression, invalid and deferrable indexes are no arbiters of ON CONFLICT, so they are left out. */
async function readUniqueIndexes(session: Session, name: string): Promise<UniqueIndex[]> {
  const rows = await session.query<{ name: string; columns: string; loose: string | null }>(
    `SELECT i.indexrelid::regclass::text AS name, to_json(array_agg(a.attname))::text AS columns,
       min(${looseName("l")}) AS loose FROM pg_index AS i
     CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indcollation::oid[]) WITH ORDINALITY AS k(attnum, collation_id, place)
     JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     LEFT JOIN pg_collation AS l ON l.oid = k.collation_id
     WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indimmediate
       AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
     GROUP BY i.indexrelid`,
    [quote(name)],
  );
  return rows.map(({ columns, loose, ...row }) => ({
    ...row,
    columns: JSON.parse(columns) as string[],
    looseCollation: loose ?? undefined,
  }));
}
