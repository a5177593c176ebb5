/** What becomes of rejects while they are replayed: those of records that are rows now are resolved, the others stay. */
import type { Kysely } from "kysely";
import type { Sink } from "../../sinks/contract.ts";
import type { PipelineScope } from "../state/history.ts";
import { type Reject, Rejects, type RejectStore } from "../state/rejects.ts";
import type { StateTables } from "../state/tables.ts";

const idsAStatement = 200;

export class ReplayedRejects implements RejectStore {
  readonly #db: Kysely<StateTables>;
  readonly #inner: Rejects;
  readonly #open = new Set<string>();
  /** Ids of the rejects whose record is in hand, by the key of its row. */
  readonly #inHand = new Map<string, number[]>();

  constructor(sink: Sink, pipeline: PipelineScope, maskData?: (json: string) => string) {
    this.#db = sink.database as Kysely<StateTables>;
    this.#inner = new Rejects(sink, pipeline, maskData);
  }

  /** Says whose rejects are over when the row of a key is written. */
  hold(key: string, ids: readonly number[]): void {
    this.#open.add(key);
    this.#inHand.set(key, [...(this.#inHand.get(key) ?? []), ...ids]);
  }

  /** Called once the rows that were in hand are written. */
  letGo(): void {
    for (const key of this.#inHand.keys()) this.#open.delete(key);
    this.#inHand.clear();
  }

  async open(): Promise<Set<string>> {
    for (const id of await this.#inner.open()) if (id.includes("\0")) this.#open.add(id);
    return this.#open;
  }

  /** A record's own rejects stay as they are: which run read the version that is kept, they say and a replay does not. */
  async save(rejects: readonly Reject[], run: Parameters<RejectStore["save"]>[1]): Promise<void> {
    const ofChildren = rejects.filter(({ table }) => table !== "");
    if (ofChildren.length > 0) await this.#inner.save(ofChildren, run);
  }

  async resolve(table: string, keys: readonly string[], now: string): Promise<void> {
    if (table !== "") return this.#inner.resolve(table, keys, now);
    const ids = keys.flatMap((key) => this.#inHand.get(key) ?? []);
    for (let from = 0; from < ids.length; from += idsAStatement)
      await this.#db
        .updateTable("sync_rejects")
        .set({ resolved_at: now, resolution: "replayed" })
        .where("id", "in", ids.slice(from, from + idsAStatement))
        .where("resolved_at", "is", null)
        .execute();
  }
}
