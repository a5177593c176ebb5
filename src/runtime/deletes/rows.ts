/** The rows of a table that a run deletes: found by the text of their key in sync_seen, counted, marked or removed. */
import { type RawBuilder, sql } from "kysely";
import type { Sink, Table, Value } from "../../sinks/contract.ts";
import type { KeyChecksum, KeyRange } from "../../sources/contract.ts";
import { checksumSql } from "../../values/key-checksum.ts";
import type { PipelineScope } from "../state/history.ts";
import type { SeenKind } from "../state/seen-keys.ts";

/** Rows whose column holds a value, or lies in [from, to); or whose key lies in a range. */
export type Within =
  | { keys: KeyRange }
  | { column: string; value: Value }
  | { column: string; windows: readonly { from: string; to: string }[] };

export interface RowsOptions {
  sink: Sink;
  table: Table;
  pipeline: PipelineScope;
  /** Rows that were written since this instant are alive, whoever wrote them. */
  before: string;
}

/** How many keys a dry run reads at a time. */
const keysAtOnce = 10_000;

export class Rows {
  readonly #options: RowsOptions;
  readonly #key: RawBuilder<string>;
  readonly #target: RawBuilder<unknown>;
  readonly #live: RawBuilder<unknown>;
  /** In sync_seen, under the alias `s`. */
  readonly #own: RawBuilder<unknown>;

  constructor(options: RowsOptions) {
    const { sink, table, pipeline } = options;
    const { system, entity, scope } = pipeline;
    this.#options = options;
    this.#key = sql.raw(sink.keyText(table));
    this.#target = sql.id(table.name);
    this.#live = sql.raw(table.keepsDeleted ? "t.deleted_at is null" : "1 = 1");
    this.#own = sql`s.crm_source = ${system} and s.sync_type = ${entity} and s.scope = ${scope}`;
  }

  /** The same of a table that does not mark its deleted rows. */
  withoutDeleted(): Rows {
    return new Rows({ ...this.#options, table: { ...this.#options.table, keepsDeleted: false } });
  }

  /** How many rows there are that are not deleted; within a scope, for a share of all would let the whole of it go. */
  async countLive(within: readonly Within[]): Promise<number> {
    return this.#count(
      sql`select count(*) as count from ${this.#target} as t where ${this.#live} and ${this.#within(within)}`,
    );
  }

  /** Cuts live rows within the scope into ranges of so many keys, all whole numbers; the last one ends at the last key. */
  async ranges(within: readonly Within[], size: number): Promise<KeyRange[]> {
    const { table, sink } = this.#options;
    const columns = table.keys.map((key) => sql`t.${sql.id(key)}`);
    const names = table.keys.map((_, index) => `k${index}`);
    const values = sql.join(columns.map((column, index) => sql`${column} as ${sql.id(names[index] ?? "")}`));
    const rows = sql`from ${this.#target} as t where ${this.#live} and ${this.#within(within)}`;
    const from = await sql<Record<string, number | bigint>>`select ${sql.join(names.map((name) => sql.id(name)))} from
      (select ${values}, row_number() over (order by ${sql.join(columns)}) as place ${rows}) as numbered
      where (place - 1) % ${sql.lit(size)} = 0 order by place`.execute(sink.database);
    const last = await sql<Record<string, number | bigint>>`select ${values} ${rows}
      order by ${sql.join(columns.map((column) => sql`${column} desc`))} limit 1`.execute(sink.database);
    const keys = [...from.rows, ...last.rows].map((row) => names.map((name) => row[name] ?? 0));
    return keys.slice(0, -1).map((key, index) => {
      const next = keys[index + 1] ?? key;
      return index === keys.length - 2 ? { from: key, to: next } : { from: key, before: next };
    });
  }

  /** Of the keys of live rows, as the source has it of its own. */
  async checksum(within: readonly Within[]): Promise<KeyChecksum> {
    const { table, sink } = this.#options;
    const names = table.keys.map((_, index) => `k${index}`);
    const values = sql.join(table.keys.map((key, index) => sql`t.${sql.id(key)} as ${sql.id(names[index] ?? "")}`));
    const { before, after } = checksumSql(names, (expression) => `CAST(${expression} AS bigint)`);
    const { rows } = await sql<
      Record<"n" | "a" | "b", unknown>
    >`${sql.raw(before)}select ${values} from ${this.#target} as t
      where ${this.#live} and ${this.#within(within)}${sql.raw(after)}`.execute(sink.database);
    return { count: Number(rows[0]?.n ?? 0), sums: `${String(rows[0]?.a)} ${String(rows[0]?.b)}` };
  }

  /** Dooms live rows within the scope that were not seen. */
  async doomMissing(within: readonly Within[]): Promise<void> {
    await this.#doom(sql`select ${this.#key} as record_key from ${this.#target} as t
      where ${this.#live} and ${this.#untouched()} and ${this.#within(within)} and not ${this.#is("seen")}`);
  }

  /**
   * Dooms live rows that the source says are gone. A row that is newer than the version which was deleted has been
   * restored since.
   * @param onlyUntouched leaves rows alone that were written meanwhile, too.
   */
  async doomGone({ onlyUntouched }: { onlyUntouched: boolean }): Promise<void> {
    const untouched = onlyUntouched ? this.#untouched() : sql`1 = 1`;
    await this.#doom(sql`select ${this.#key} as record_key from ${this.#target} as t
      where ${this.#live} and ${untouched} and ${this.#is("gone", this.#isNoNewer())}`);
  }

  /**
   * Records that were merged into others are gone: from those that nobody was merged into, over any number of steps.
   * Records that name each other in a circle say nothing for certain, and stay. Call it before `doomGone`.
   */
  async goneByMerging(): Promise<void> {
    const { system, entity, scope } = this.#options.pipeline;
    const own = (alias: string): RawBuilder<unknown> =>
      sql`${sql.ref(`${alias}.crm_source`)} = ${system} and ${sql.ref(`${alias}.sync_type`)} = ${entity} and ${sql.ref(`${alias}.scope`)} = ${scope} and ${sql.ref(`${alias}.kind`)} = 'merged'`;
    await this.#note(
      "gone",
      sql`with recursive lost(record_key) as (
        select m.record_key from sync_seen as m where ${own("m")} and
          (select 1 from sync_seen as w where ${own("w")} and w.record_key = m.detail limit 1) is null
        union select n.record_key from lost as l join sync_seen as n on n.detail = l.record_key where ${own("n")})
      select record_key from lost`,
    );
  }

  /** Deletes what is doomed; call it inside a transaction. Gives how many rows. */
  async apply({ now, runId }: { now: string; runId: number }): Promise<number> {
    const { keepsDeleted } = this.#options.table;
    const doomed = sql`${this.#live} and ${this.#is("doomed")}`;
    const statement = keepsDeleted
      ? sql`update ${this.#target} as t set deleted_at = ${now}, sync_updated_at = ${now}, sync_run_id = ${runId} where ${doomed}`
      : sql`delete from ${this.#target} as t where ${doomed}`;
    const { numAffectedRows } = await statement.execute(this.#options.sink.database);
    return Number(numAffectedRows ?? 0n);
  }

  /** Removes the rows of another table that hang on doomed ones: their columns have the values of the keys, in order. Gives how many. */
  async applyBelow(table: string, columns: readonly string[]): Promise<number> {
    const { keys } = this.#options.table;
    const same = columns.map((column, index) => sql`c.${sql.id(column)} = t.${sql.id(keys[index] ?? "")}`);
    const { numAffectedRows } = await sql`delete from ${sql.id(table)} as c where (select 1 from ${this.#target} as t
      where ${sql.join(same, sql` and `)} and ${this.#is("doomed")} limit 1) is not null`.execute(
      this.#options.sink.database,
    );
    return Number(numAffectedRows ?? 0n);
  }

  /** Keys of live rows within a scope, and how new each row is; for a dry run, which keeps nothing in the database. */
  async *keys(within: readonly Within[] | undefined): AsyncGenerator<{ key: string; newer: string | null }[]> {
    const { table, sink } = this.#options;
    const columns = sql.join(table.keys.map((key) => sql`t.${sql.id(key)}`));
    const names = table.keys.map((_, index) => `k${index}`);
    const values = sql.join(table.keys.map((key, index) => sql`t.${sql.id(key)} as ${sql.id(names[index] ?? "")}`));
    const scope = within === undefined ? sql`1 = 1` : sql`${this.#untouched()} and ${this.#within(within)}`;
    let last: unknown[] | undefined;
    for (;;) {
      const after = last === undefined ? sql`1 = 1` : sql`(${columns}) > (${sql.join(last)})`;
      const { rows } = await sql<
        Record<string, unknown>
      >`select ${this.#key} as key, ${this.#newerText()} as newer, ${values}
        from ${this.#target} as t where ${this.#live} and ${scope} and ${after} order by ${columns} limit ${keysAtOnce}`.execute(
        sink.database,
      );
      const page = rows as { key: string; newer: string | null }[];
      if (page.length > 0) yield page;
      if (page.length < keysAtOnce) return;
      last = names.map((name) => rows.at(-1)?.[name]);
    }
  }

  /**
   * Whether sync_seen has the row's key as this kind. A scalar subquery: an EXISTS becomes a join, and of a table that
   * was never analysed the planner of PostgreSQL believes that it has one row, which makes that join go through all of
   * it for each row. So it is looked up in its index.
   */
  #is(kind: SeenKind, and?: RawBuilder<unknown>): RawBuilder<unknown> {
    return sql`((select 1 from sync_seen as s where ${this.#own} and s.kind = ${kind} and s.record_key = ${this.#key}
      ${and ? sql`and ${and}` : sql``} limit 1) is not null)`;
  }

  #doom(rows: RawBuilder<unknown>): Promise<void> {
    return this.#note("doomed", rows);
  }

  async #note(kind: SeenKind, rows: RawBuilder<unknown>): Promise<void> {
    const { system, entity, scope } = this.#options.pipeline;
    await sql`insert into sync_seen (crm_source, sync_type, scope, kind, record_key, detail)
      select cast(${system} as text), cast(${entity} as text), cast(${scope} as text), cast(${kind} as text), d.record_key, ''
      from (${rows}) as d where 1 = 1 on conflict do nothing`.execute(this.#options.sink.database);
  }

  #untouched(): RawBuilder<unknown> {
    return sql`(t.sync_updated_at is null or t.sync_updated_at < ${this.#options.before})`;
  }

  #within(within: readonly Within[]): RawBuilder<unknown> {
    if (within.length === 0) return sql`1 = 1`;
    const conditions = within.map((part) => {
      if ("keys" in part) return this.#inRange(part.keys);
      const column = sql`t.${sql.id(part.column)}`;
      if ("value" in part) return sql`${column} = ${part.value}`;
      const windows = part.windows.map(({ from, to }) => sql`(${column} >= ${from} and ${column} < ${to})`);
      return windows.length === 0 ? sql`1 = 0` : sql`(${sql.join(windows, sql` or `)})`;
    });
    return sql.join(conditions, sql` and `);
  }

  #inRange({ from, before, to }: KeyRange): RawBuilder<unknown> {
    const key = sql`(${sql.join(this.#options.table.keys.map((name) => sql`t.${sql.id(name)}`))})`;
    const end = before ? sql`${key} < (${sql.join(before)})` : to ? sql`${key} <= (${sql.join(to)})` : sql`1 = 1`;
    return sql`${key} >= (${sql.join(from)}) and ${end}`;
  }

  /** Of the row, in the form of `Look.newer`. */
  #newerText(): RawBuilder<unknown> {
    const { sink, table } = this.#options;
    return table.newerBy === undefined
      ? sql`cast(null as text)`
      : sql.raw(sink.keyText({ ...table, keys: [table.newerBy] }));
  }

  #isNoNewer(): RawBuilder<unknown> {
    const { table } = this.#options;
    const type = table.columns.find(({ name }) => name === table.newerBy)?.type;
    const stored = this.#newerText();
    const listed = sql`nullif(s.detail, '')`;
    if (type === "integer" || type === "bigint")
      return sql`coalesce(cast(${stored} as bigint) <= cast(${listed} as bigint), 1 = 1)`;
    // Canonical instants and dates sort as texts.
    return type === "timestamp" || type === "date" ? sql`coalesce(${stored} <= ${listed}, 1 = 1)` : sql`1 = 1`;
  }

  async #count(query: RawBuilder<unknown>): Promise<number> {
    const { rows } = await query.execute(this.#options.sink.database);
    return Number((rows[0] as { count?: unknown } | undefined)?.count ?? 0);
  }
}
