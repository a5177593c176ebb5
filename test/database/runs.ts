/** Runs of one pipeline over a database, in this process, with a clock of their own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";
import { loadSpecs, openContext, openEngine } from "../../src/cli/context.ts";
import { noFlags, type RunFlags } from "../../src/runtime/flags.ts";
import { removePipeline } from "../../src/runtime/deletes/removal.ts";
import { runPipeline } from "../../src/runtime/run-pipeline.ts";
import type { SourceKind } from "../../src/sources/contract.ts";
import type { RunSummary } from "../../src/runtime/summary.ts";
import { formatProblems } from "../../src/spec/problem.ts";
import { type TestWarehouse, warehouses } from "../support/warehouses.ts";
import { type DatabaseProject, databaseProject } from "./project.ts";

export class DatabaseRuns {
  /** Our clock; the database's own is later, and the earlier of the two counts. */
  now = new Date();
  readonly warehouse: TestWarehouse;
  readonly #project: DatabaseProject;
  /** Called when the source has answered with a checksum, or with keys. */
  afterKeys: (what: "checksum" | "read") => Promise<void> = async () => {};

  private constructor(project: DatabaseProject, warehouse: TestWarehouse) {
    this.#project = project;
    this.warehouse = warehouse;
  }

  /** From now on the pipeline is another. */
  write(spec: object): void {
    this.#project.write("thing", spec);
  }

  static async open(
    connection: object,
    spec: object,
    openWarehouse: () => Promise<TestWarehouse> = warehouses[0].open,
  ): Promise<DatabaseRuns> {
    const project = databaseProject(connection);
    project.write("thing", spec);
    const warehouse = await openWarehouse();
    onTestFinished(async () => {
      project.remove();
      await warehouse.close();
    });
    return new DatabaseRuns(project, warehouse);
  }

  /** The summary of the run that was asked for. Throws where it failed. */
  async run(
    flags: Partial<RunFlags> = {},
    onProgress: (fetched: number) => void = () => {},
  ): Promise<RunSummary & { lines: string[] }> {
    const outcome = await this.end(runPipeline, flags, onProgress);
    if (outcome.error !== null) throw new Error(outcome.error);
    return outcome;
  }

  /** `etl remove`, however it ends. */
  remove(flags: Partial<RunFlags> = {}): Promise<RunSummary & { lines: string[] }> {
    return this.end(removePipeline, flags);
  }

  /** The summary of whatever is run, however it ends. */
  async end(
    how: typeof runPipeline,
    flags: Partial<RunFlags> = {},
    onProgress: (fetched: number) => void = () => {},
  ): Promise<RunSummary & { lines: string[] }> {
    const file = join(this.#project.folder, "pipelines/shop/thing.yml");
    const context = openContext([file], { warehouse: this.warehouse.address }, {});
    const specs = loadSpecs([file], context);
    if (specs.problems.length > 0) throw new Error(formatProblems(specs.problems, "text"));
    const lines: string[] = [];
    const engine = openEngine(context, {
      debug: false,
      signal: new AbortController().signal,
      writeLine: (line) => lines.push(line),
      onProgress: ({ fetched }) => onProgress(fetched),
    });
    const outcomes = await how({
      pipeline: specs.pipelines[0]!,
      flags: { ...noFlags, ...flags },
      engine: {
        ...engine,
        now: () => this.now,
        sourceKind: async (type) => this.#watched(await engine.sourceKind(type)),
      },
    });
    const { summary } = outcomes.at(-1)!;
    return { ...summary, lines };
  }

  /** From now on the database is reached in another way. */
  connect(connection: object): void {
    const text = stringify({ connection: "shop", type: "database", ...connection });
    writeFileSync(join(this.#project.folder, "pipelines/shop/connection.yml"), text);
  }

  /** The source itself, and a moment after each of its answers. */
  #watched(kind: SourceKind): SourceKind {
    return {
      open: async (context) => {
        const source = await kind.open(context);
        const open = source.keys?.bind(source);
        source.keys = async (columns) => {
          const keys = await open?.(columns);
          return (
            keys && {
              ...keys,
              checksum: async (range) => {
                const answer = await keys.checksum(range);
                await this.afterKeys("checksum");
                return answer;
              },
              read: async (range, take) => {
                await keys.read(range, take);
                await this.afterKeys("read");
              },
            }
          );
        };
        return source;
      },
    };
  }

  async rows(columns: string): Promise<Record<string, unknown>[]> {
    const rows = await this.warehouse.query(`SELECT ${columns} FROM thing ORDER BY id`);
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
      ),
    );
  }

  async watermark(): Promise<unknown> {
    const rows = await this.warehouse.query("SELECT watermark FROM sync_history ORDER BY id DESC LIMIT 1");
    return rows[0]?.["watermark"];
  }
}
