/** Deletes what is gone from sets of rows in PostgreSQL: the keys that stay come by COPY, the rest goes by one DELETE. */
import { createHash } from "node:crypto";
import type { ReplaceInput, Value } from "../contract.ts";
import { quote } from "../quote.ts";
import { readTable } from "./catalog.ts";
import { copyValues } from "./copy-text.ts";
import type { Session } from "./session.ts";
import { storedAs } from "./storage.ts";

export interface ReplaceContext {
  session: Session;
  /** Staging tables that this transaction has filled already: they have to be emptied first. */
  filled: Set<string>;
}

interface ReplaceSql {
  /** Temporary tables: `s` has the sets, `k` the keys that stay; each numbers its set `n`. */
  sets: string;
  kept: string;
  create: string;
  /** `FROM … WHERE …` of the rows that go, without the word before the sets. */
  gone: (between: string) => string;
}

/** Deletes; inside a transaction. Gives how many rows went. */
export async function replaceSets(context: ReplaceContext, input: ReplaceInput): Promise<number> {
  const sql = await stageSets(context, input);
  const { rowCount } = await context.session.send(`DELETE FROM ${sql.gone("USING")}`);
  return rowCount ?? 0;
}

/** Counts what `replaceSets` would delete; inside a transaction that is rolled back. */
export async function compareSets(context: ReplaceContext, input: ReplaceInput): Promise<number> {
  const stored = await readTable(context.session, input.table.name);
  if (!input.table.keys.every((key) => stored?.columns.has(key))) return 0;
  const sql = await stageSets(context, input);
  const [found] = await context.session.query<{ gone: number }>(
    `SELECT count(*) AS gone FROM ${sql.gone("CROSS JOIN")}`,
  );
  return found?.gone ?? 0;
}

async function stageSets({ session, filled }: ReplaceContext, input: ReplaceInput): Promise<ReplaceSql> {
  const sql = replaceSql(input);
  await session.send(sql.create);
  if (filled.has(sql.sets)) await session.send(`TRUNCATE ${sql.sets}, ${sql.kept}`);
  filled.add(sql.sets);
  await session.copy(`COPY ${sql.sets} FROM STDIN`, copyValues(setLines(input)));
  await session.copy(`COPY ${sql.kept} FROM STDIN`, copyValues(keptLines(input)));
  // Nobody analyzes a temporary table but its owner, and a wrong guess at its size reads the whole target.
  await session.send(`ANALYZE ${sql.sets}; ANALYZE ${sql.kept}`);
  return sql;
}

function* setLines({ table, within, sets }: ReplaceInput): Generator<readonly Value[]> {
  const isWholeKey = table.keys.length === within.length;
  for (const [number, set] of sets.entries()) {
    // A set of one key at the most: its row is there, and nothing else can be.
    if (!isWholeKey || set.kept.length === 0) yield [number, ...set.within];
  }
}

function* keptLines({ table, within, sets }: ReplaceInput): Generator<readonly Value[]> {
  const width = table.keys.length - within.length;
  if (width === 0) return;
  for (const [number, { kept }] of sets.entries()) {
    for (let from = 0; from < kept.length; from += width) yield [number, ...kept.slice(from, from + width)];
  }
}

function replaceSql({ table, within }: ReplaceInput): ReplaceSql {
  // As wide as any column that may be there, so that what was read always fits.
  const typeOf = (name: string): string => {
    const stored = storedAs(table.columns.find((column) => column.name === name)?.type ?? "text");
    return stored === "integer" ? "bigint" : stored.replace(/\(.*/, "");
  };
  const others = table.keys.filter((key) => !within.includes(key));
  const setColumns = ["n integer", ...within.map((name, at) => `c${at} ${typeOf(name)}`)].join(", ");
  const keptColumns = ["n integer", ...others.map((name, at) => `k${at} ${typeOf(name)}`)].join(", ");
  const suffix = createHash("sha256").update(`${setColumns};${keptColumns}`).digest("hex").slice(0, 12);
  const [sets, kept] = [`pg_temp.etl_sets_${suffix}`, `pg_temp.etl_kept_${suffix}`];
  const temporary = (name: string, columns: string): string =>
    `CREATE TEMPORARY TABLE IF NOT EXISTS ${name} (${columns}) ON COMMIT DELETE ROWS`;
  const sameSet = within.map((name, at) => `t.${quote(name)} = s.c${at}`).join(" AND ");
  const sameKey = others.map((name, at) => ` AND k.k${at} = t.${quote(name)}`).join("");
  const stays = others.length === 0 ? "" : ` AND NOT EXISTS (SELECT 1 FROM ${kept} AS k WHERE k.n = s.n${sameKey})`;
  return {
    sets,
    kept,
    create: `${temporary(sets, setColumns)}; ${temporary(kept, keptColumns)}`,
    gone: (between) => `${quote(table.name)} AS t ${between} ${sets} AS s WHERE ${sameSet}${stays}`,
  };
}
