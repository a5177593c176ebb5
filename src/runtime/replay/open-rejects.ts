/** Open rejects of a pipeline, as the records that they hold: each record once, in its newest version. */
import { sql, type Kysely } from "kysely";
import type { Sink } from "../../sinks/contract.ts";
import { parseJson } from "../../values/json-text.ts";
import type { PipelineScope } from "../state/history.ts";
import type { StateTables } from "../state/tables.ts";
import type { RejectChoice } from "../state/rejects.ts";

/** A record with all of its open rejects. */
export interface RejectedRecord {
  /** As its rejects have it. */
  key: string;
  /** Of `children`, where the reject is about a row of one of them. */
  table: string;
  stage: string;
  rule: string;
  /** All that are resolved once the record is a row. */
  ids: number[];
  /** The run that read this version. */
  runId: number;
  record: unknown;
}

interface OpenReject {
  id: number;
  key: string;
  table: string;
  stage: string;
  rule: string;
  runId: number;
  /** As JSON text: a driver that parses it would lose digits. */
  record: string;
}

const rejectsAPage = 200;

export class OpenRejects {
  readonly #db: Kysely<StateTables>;
  readonly #pipeline: PipelineScope;

  constructor(sink: Sink, pipeline: PipelineScope) {
    this.#db = sink.database as Kysely<StateTables>;
    this.#pipeline = pipeline;
  }

  /** The records of the rejects that are chosen, the oldest first; what is rejected meanwhile is not among them. */
  async *pages(choice: RejectChoice): AsyncGenerator<RejectedRecord[]> {
    const { max } = await this.#open()
      .select(({ fn }) => fn.max("id").as("max"))
      .executeTakeFirstOrThrow();
    if (max === null) return;
    const taken = new Set<string>();
    let last: OpenReject | undefined;
    for (;;) {
      const page = await this.#page(choice, { last, upTo: Number(max) });
      if (page.length === 0) return;
      last = page.at(-1);
      const fresh = page.filter((reject) => !taken.has(`${reject.table}\0${reject.key}`));
      for (const { table, key } of fresh) taken.add(`${table}\0${key}`);
      const records = await this.#whole(fresh, Number(max));
      if (records.length > 0) yield records;
    }
  }

  /** Of those keys the ones that have open rejects of a later version. */
  async later(versions: ReadonlyMap<string, number>): Promise<Set<string>> {
    if (versions.size === 0) return new Set();
    const rows = await this.#open()
      .select(["record_key as key", ({ fn }) => fn.max("last_run_id").as("run")])
      .where("table_name", "=", "")
      .where("record_key", "in", [...versions.keys()])
      .groupBy("record_key")
      .execute();
    return new Set(rows.filter(({ key, run }) => Number(run) > (versions.get(key) ?? 0)).map(({ key }) => key));
  }

  async #page(
    { id, field, rule }: RejectChoice,
    { last, upTo }: { last: OpenReject | undefined; upTo: number },
  ): Promise<OpenReject[]> {
    let query = this.#rows().where("id", "<=", upTo).orderBy("last_run_id").orderBy("id").limit(rejectsAPage);
    if (id !== undefined) query = query.where("id", "=", id);
    if (field !== undefined) query = query.where("field", "=", field);
    if (rule !== undefined) query = query.where("rule", "=", rule);
    if (last) query = query.where(sql<boolean>`(last_run_id, id) > (${last.runId}, ${last.id})`);
    return (await query.execute()).map(typed);
  }

  /** With the rejects of the same records that were not chosen: the newest version may be among those. */
  async #whole(chosen: readonly OpenReject[], upTo: number): Promise<RejectedRecord[]> {
    if (chosen.length === 0) return [];
    const keys = [...new Set(chosen.map(({ key }) => key))];
    const all = (await this.#rows().where("id", "<=", upTo).where("record_key", "in", keys).execute()).map(typed);
    const groups = Map.groupBy(all, ({ table, key }) => `${table}\0${key}`);
    const wanted = new Set(chosen.map(({ table, key }) => `${table}\0${key}`));
    return [...wanted].map((name) => {
      const group = groups.get(name)!;
      const newest = group.reduce((one, other) => (isLater(other, one) ? other : one));
      const { key, table, stage, rule, runId, record } = newest;
      return { key, table, stage, rule, runId, ids: group.map(({ id }) => id), record: parseJson(record) };
    });
  }

  #rows() {
    return this.#open().select([
      "id",
      "record_key as key",
      "table_name as table",
      "stage",
      "rule",
      "last_run_id as runId",
      sql<string>`cast(record as text)`.as("record"),
    ]);
  }

  #open() {
    return this.#db
      .selectFrom("sync_rejects")
      .where("crm_source", "=", this.#pipeline.system)
      .where("sync_type", "=", this.#pipeline.entity)
      .where("resolved_at", "is", null);
  }
}

function isLater(one: OpenReject, other: OpenReject): boolean {
  return one.runId === other.runId ? one.id > other.id : one.runId > other.runId;
}

/** PostgreSQL gives whole numbers of 64 bits as text. */
function typed(row: OpenReject): OpenReject {
  return { ...row, id: Number(row.id), runId: Number(row.runId) };
}
