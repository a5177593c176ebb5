/**
 * A project in a folder of its own, with one pipeline over the things API, run in this process by the engine that
 * the command line builds. After every run its counts, its history row and the tables are compared.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { expect } from "vitest";
import { loadSpecs, openContext, openEngine } from "../../../src/cli/context.ts";
import { noFlags, type RunFlags } from "../../../src/runtime/flags.ts";
import type { RunInput } from "../../../src/runtime/engine.ts";
import { planRun, type RunPlan } from "../../../src/runtime/plan.ts";
import { removePipeline } from "../../../src/runtime/deletes/removal.ts";
import { changeState, showState, type PipelineState, type StateChange } from "../../../src/runtime/pipeline-state.ts";
import type { ReplayOutcome } from "../../../src/runtime/replay/contract.ts";
import { replayRejects } from "../../../src/runtime/replay/replay.ts";
import type { RejectChoice } from "../../../src/runtime/state/rejects.ts";
import { runPipeline } from "../../../src/runtime/run-pipeline.ts";
import type { RunOutcome, RunSummary } from "../../../src/runtime/summary.ts";
import { openSink } from "../../../src/sinks/index.ts";
import { layOver } from "../../../src/spec/lay-over.ts";
import { formatProblems } from "../../../src/spec/problem.ts";
import { warehouses, type TestWarehouse } from "../../support/warehouses.ts";
import { ThingsApi } from "./things-api.ts";

export type SpecText = Record<string, unknown>;
export type HistoryRow = Record<string, unknown> & {
  id: number;
  status: string;
  strategy: string;
  watermark: string | null;
  error_message: string | null;
  configuration: Record<string, unknown>;
  checkpoint: Record<string, unknown> | null;
};

export interface RunOptions {
  validation?: "strict" | "lenient";
  signal?: AbortSignal;
  onProgress?: (fetched: number) => void;
  /** The same row is written more than once in this run: fewer rows than counts. */
  rowsRepeat?: boolean;
  /** Another run is under way: what it writes would be counted as this one's. */
  unchecked?: boolean;
  /** Another pipeline of the folder than the one of `spec`; it is not checked. */
  file?: string;
  /** Environment variables. */
  variables?: Record<string, string>;
}

interface SpecDeletes {
  deletes?: { mode?: string };
}

export interface StateResult {
  before?: PipelineState;
  after?: PipelineState;
  held?: string;
}

export interface Ran {
  outcomes: RunOutcome[];
  /** Of the run that was asked for: the last one. */
  outcome: RunOutcome;
  summary: RunSummary;
  /** Log lines without their time: `INFO  Starting …`. */
  lines: string[];
  /** As they were written. */
  log: string;
}

/** Full pages of three things; `since` and `until` are sent when a run is incremental. */
export const thingSpec: SpecText = {
  pipeline: "things.items",
  source: {
    type: "api",
    connection: "things",
    request: { path: "/things", query: { limit: "{{page.size}}" } },
    records: "results",
    pagination: { type: "cursor", cursor: "paging.next.after", send_as: "query.after", size: 3, max_size: 10 },
    delta: { field: "updated_at" },
    incremental: { request: { query: { since: "{{iso since}}", until: "{{iso until}}" } } },
  },
  mapping: {
    id: { from: "id", type: "bigint" },
    name: "name",
    note: "note",
    updated_at: { from: "updated_at", type: "timestamp" },
  },
  upsert: { keys: ["id"], newer_by: "updated_at" },
  sink: { table: "thing" },
};

/** Laid over `thingSpec`: the things as a CSV file behind a URL. */
export function fileSpec(url: string): SpecText {
  return {
    source: {
      type: "csv",
      url,
      connection: null,
      request: null,
      records: null,
      pagination: null,
      incremental: null,
      delta: null,
    },
    mapping: { note: null },
  };
}

/** Changes laid over `thingSpec`; null takes a key away. */
export function specWith(...changes: SpecText[]): SpecText {
  return changes.reduce<SpecText>((spec, change) => layOver(spec, change) as SpecText, thingSpec);
}

const asNumber = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);
const asJson = (value: unknown): unknown => (typeof value === "string" ? JSON.parse(value) : value);

export class ThingsProject {
  readonly api: ThingsApi;
  readonly warehouse: TestWarehouse;
  readonly folder = mkdtempSync(join(tmpdir(), "etl-rules-"));
  /** Our clock; the API's own follows it until a test sets that apart. */
  now = new Date("2025-06-01T12:00:00Z");
  #spec = "";

  private constructor(api: ThingsApi, warehouse: TestWarehouse) {
    this.api = api;
    this.warehouse = warehouse;
    api.clock = () => this.now;
  }

  static async open(openWarehouse: () => Promise<TestWarehouse> = warehouses[0].open): Promise<ThingsProject> {
    const project = new ThingsProject(await ThingsApi.start(), await openWarehouse());
    mkdirSync(join(project.folder, "pipelines/things"), { recursive: true });
    writeFileSync(
      join(project.folder, "etl.yml"),
      "environment: lenient\nenvironments: { lenient: { validation: lenient }, strict: { validation: strict } }\n",
    );
    project.connection({});
    project.spec();
    return project;
  }

  async close(): Promise<void> {
    await this.api.close();
    await this.warehouse.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  connection(changes: SpecText): void {
    const connection = {
      connection: "things",
      type: "api",
      base_url: this.api.url,
      retry: { attempts: 2, wait: "1ms", max_wait: "2ms" },
    };
    writeFileSync(join(this.folder, "pipelines/things/connection.yml"), JSON.stringify(layOver(connection, changes)));
  }

  /** Writes the pipeline: `thingSpec` with changes laid over. */
  spec(...changes: SpecText[]): void {
    this.#spec = join(this.folder, "pipelines/things/items.yml");
    writeFileSync(this.#spec, JSON.stringify(specWith(...changes), null, 2));
  }

  /** Writes a pipeline that is another one altogether. */
  write(spec: SpecText): void {
    writeFileSync(this.#spec, JSON.stringify(spec, null, 2));
  }

  /** Lets time go by. */
  pass(seconds: number): void {
    this.now = new Date(this.now.getTime() + seconds * 1000);
  }

  /** Runs the pipeline and checks what must hold after any run. */
  async run(flags: Partial<RunFlags> = {}, options: RunOptions = {}): Promise<Ran> {
    const before = flags.dryRun ? [] : await this.history();
    const ran = await this.#start(runPipeline, flags, options);
    if (!flags.dryRun && !options.unchecked && options.file === undefined)
      await this.#check(ran.outcomes, before, options);
    return ran;
  }

  /** `etl remove` of the pipeline. */
  async remove(flags: Partial<RunFlags> = {}, options: RunOptions = {}): Promise<Ran> {
    return this.#start(removePipeline, flags, options);
  }

  /** `etl plan` of the pipeline. */
  async plan(flags: Partial<RunFlags> = {}): Promise<RunPlan> {
    return planRun(this.#inputOf(flags, {}, () => {}));
  }

  /** `etl rejects replay` of the pipeline. */
  async replay(
    choice: RejectChoice = {},
    flags: Partial<RunFlags> = {},
    options: RunOptions = {},
  ): Promise<ReplayOutcome & { log: string }> {
    const written: string[] = [];
    const input = this.#inputOf(flags, options, (line) => written.push(line));
    return { ...(await replayRejects({ ...input, choice })), log: written.join("\n") };
  }

  /** `etl state show`, or a change of the state. */
  async state(
    change?: StateChange,
    { params = {}, file }: { params?: Record<string, string>; file?: string } = {},
  ): Promise<StateResult> {
    const { pipeline, engine } = this.#inputOf({}, file === undefined ? {} : { file }, () => {});
    const input = { pipeline, engine, params };
    if (change === undefined) return { after: await showState(input) };
    return changeState(input, change);
  }

  async #start(start: typeof runPipeline, flags: Partial<RunFlags>, options: RunOptions): Promise<Ran> {
    const written: string[] = [];
    const outcomes = await start(this.#inputOf(flags, options, (line) => written.push(line)));
    const outcome = outcomes.at(-1)!;
    const lines = written.map((line) => line.replace(/^\S+ /, ""));
    return { outcomes, outcome, summary: outcome.summary, lines, log: written.join("\n") };
  }

  #inputOf(flags: Partial<RunFlags>, options: RunOptions, writeLine: (line: string) => void): RunInput {
    const file = options.file === undefined ? this.#spec : join(this.folder, "pipelines/things", options.file);
    const context = openContext(
      [file],
      { env: options.validation ?? "lenient", warehouse: this.warehouse.address },
      { ...options.variables },
    );
    const specs = loadSpecs([file], context);
    if (specs.problems.length) throw new Error(formatProblems(specs.problems, "text"));
    const engine = openEngine(context, {
      debug: flags.debug ?? false,
      signal: options.signal ?? new AbortController().signal,
      writeLine,
      onProgress: ({ fetched }) => options.onProgress?.(fetched),
    });
    const input = { pipeline: specs.pipelines[0]!, flags: { ...noFlags, ...flags } };
    return { ...input, engine: { ...engine, now: () => this.now } };
  }

  /** A query's rows; a table that is not there has none. */
  async query(text: string): Promise<Record<string, unknown>[]> {
    try {
      const rows = await this.warehouse.query(text);
      return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asNumber(value)])));
    } catch (error) {
      if (/no such table|does not exist|unable to open database file/.test(String(error))) return [];
      throw error;
    }
  }

  /** Runs a statement, as somebody with a client would. */
  async execute(statement: string): Promise<void> {
    const sink = await openSink(this.warehouse.address, { readOnly: false });
    try {
      await sql.raw(statement).execute(sink.database);
    } finally {
      await sink.close();
    }
  }

  async things(columns = "id, name"): Promise<Record<string, unknown>[]> {
    const rows = await this.query(`select ${columns} from thing order by id`);
    return rows.map((row) => ("id" in row ? { ...row, id: Number(row["id"]) } : row));
  }

  async history(): Promise<HistoryRow[]> {
    const rows = await this.query("select * from sync_history order by id");
    return rows.map((row) => {
      const numbers = Object.entries(row).map(([name, value]) => [
        name,
        /^(id|records_)/.test(name) ? Number(value) : value,
      ]);
      return {
        ...Object.fromEntries(numbers),
        configuration: asJson(row["configuration"]),
        checkpoint: asJson(row["checkpoint"]),
        performance_metrics: asJson(row["performance_metrics"]),
      } as HistoryRow;
    });
  }

  /** The watermark that the last run stored; null where it stored none. */
  async lastWatermark(): Promise<string | null> {
    return (await this.history()).at(-1)!.watermark;
  }

  async rejects(): Promise<Record<string, unknown>[]> {
    const rows = await this.query("select * from sync_rejects order by id");
    return rows.map((row) => ({
      ...row,
      first_run_id: Number(row["first_run_id"]),
      last_run_id: Number(row["last_run_id"]),
      record: asJson(row["record"]),
    }));
  }

  /** The equations of a run, its history row, and the tables: one truth. */
  async #check(outcomes: readonly RunOutcome[], before: readonly HistoryRow[], options: RunOptions): Promise<void> {
    const history = await this.history();
    const started = outcomes.filter(({ summary }) => summary.run_id !== null);
    expect(history.length - before.length).toBe(started.length);
    for (const { summary } of started) {
      const { fetched, filtered, duplicates, rejected, mapped, created, updated, unchanged, stale } = summary;
      expect(fetched).toBe(filtered + duplicates + rejected + mapped);
      expect(mapped).toBe(created + updated + unchanged + stale);
      const row = history.find(({ id }) => id === summary.run_id)!;
      expect(row).toMatchObject({
        crm_source: "things",
        sync_type: "items",
        strategy: summary.mode,
        status: summary.status,
        error_message: summary.error,
        records_processed: fetched,
        records_created: created,
        records_updated: updated,
        records_unchanged: unchanged,
        records_stale: stale,
        records_duplicate: duplicates,
        records_filtered: filtered,
        records_deleted: summary.deleted,
        records_failed: rejected,
      });
      expect(row["end_time"]).not.toBeNull();
    }
    const last = started.at(-1);
    if (last) await this.#checkTables(last.summary, history, options);
  }

  /** Rows and rejects of a run and of those that it resumed. */
  async #checkTables(summary: RunSummary, history: readonly HistoryRow[], { rowsRepeat }: RunOptions): Promise<void> {
    const chain = [summary.run_id!];
    for (let id: unknown = summary.run_id; id !== undefined;) {
      id = history.find((row) => row.id === id)?.configuration["resumed_from"];
      if (typeof id === "number") chain.push(id);
    }
    const [rows] = await this.query(`select count(*) as count from thing where sync_run_id in (${chain.join(",")})`);
    const marked =
      this.#spec !== "" && (JSON.parse(readFileSync(this.#spec, "utf8")) as SpecDeletes).deletes?.mode !== "hard";
    const written = summary.created + summary.updated + (marked ? summary.deleted : 0);
    if (rowsRepeat) expect(Number(rows?.["count"] ?? 0)).toBeLessThanOrEqual(written);
    else expect(Number(rows?.["count"] ?? 0)).toBe(written);
    const [rejects] = await this.query(
      `select count(distinct record_key) as count from sync_rejects where last_run_id in (${chain.join(",")})`,
    );
    expect(Number(rejects?.["count"] ?? 0)).toBe(summary.rejected);
  }
}
