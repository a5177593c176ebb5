/** The specs of a folder of test/fixtures/api-shapes in a project of their own, run against that system's server. */
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { loadSpecs, openContext, openEngine } from "../../src/cli/context.ts";
import { noFlags, type RunFlags } from "../../src/runtime/flags.ts";
import { runPipeline } from "../../src/runtime/run-pipeline.ts";
import type { RunSummary } from "../../src/runtime/summary.ts";
import { formatProblems } from "../../src/spec/problem.ts";
import { type Handler, type Seen, serve } from "../http/server.ts";
import type { OpenSystem, ShapeSystem } from "./shape-system.ts";
import { warehouses, type TestWarehouse } from "./warehouses.ts";

export const shapesFolder = fileURLToPath(new URL("../fixtures/api-shapes", import.meta.url));

/** Systems by name, and their entities. */
export function shapes(): { system: string; entities: string[] }[] {
  return readdirSync(shapesFolder)
    .sort()
    .map((system) => ({
      system,
      entities: readdirSync(join(shapesFolder, system))
        .filter((file) => file.endsWith(".yml") && file !== "connection.yml")
        .map((file) => file.slice(0, -".yml".length))
        .sort(),
    }));
}

export interface ShapeRun {
  summary: RunSummary;
  /** As they were written, debug lines too. */
  log: string;
  /** Requests of this run. */
  seen: Seen[];
}

export class ShapeProject {
  readonly system: ShapeSystem;
  readonly name: string;
  readonly folder: string;
  readonly warehouse: TestWarehouse;
  readonly variables: Record<string, string>;
  readonly seen: Seen[];
  /** Answers instead of the system where it says true. */
  instead: Handler | undefined;
  /** Our clock. */
  now = new Date("2025-06-01T12:00:00Z");

  private constructor(options: Pick<ShapeProject, "system" | "name" | "folder" | "warehouse" | "variables" | "seen">) {
    this.system = options.system;
    this.name = options.name;
    this.folder = options.folder;
    this.warehouse = options.warehouse;
    this.variables = options.variables;
    this.seen = options.seen;
  }

  /** Lives until the test ends. */
  static async open(name: string): Promise<ShapeProject> {
    const { open } = (await import(join(shapesFolder, name, "server.ts"))) as { open: OpenSystem };
    const system = open();
    const found: { project?: ShapeProject } = {};
    const { url, seen } = await serve((request, response, index) => {
      if (found.project?.instead?.(request, response, index)) return;
      system.answer(request, response);
    });
    const folder = mkdtempSync(join(tmpdir(), `etl-${name}-`));
    const warehouse = await warehouses[0].open();
    onTestFinished(async () => {
      await warehouse.close();
      rmSync(folder, { recursive: true, force: true });
    });
    cpSync(join(shapesFolder, name), join(folder, `pipelines/${name}`), {
      recursive: true,
      filter: (file) => !/\.(?:ts|json)$/.test(file),
    });
    // Errors are asked again at once, as far as the systems do not say when.
    const environment = { connections: { [name]: { retry: { wait: "1ms" } } } };
    const project = { warehouse: warehouse.address, environment: "shapes", environments: { shapes: environment } };
    writeFileSync(join(folder, "etl.yml"), JSON.stringify(project));
    const variables = system.variables(url);
    found.project = new ShapeProject({ system, name, folder, warehouse, variables, seen });
    return found.project;
  }

  /** Lets days go by. */
  pass(days: number): void {
    this.now = new Date(this.now.getTime() + days * 86_400_000);
  }

  /** Runs one entity with the engine that the command line builds. */
  async run(entity: string, flags: Partial<RunFlags> = {}): Promise<ShapeRun> {
    const spec = join(this.folder, `pipelines/${this.name}/${entity}.yml`);
    const context = openContext([spec], {}, this.variables);
    const { pipelines, problems } = loadSpecs([spec], context);
    if (problems.length) throw new Error(formatProblems(problems, "text"));
    const lines: string[] = [];
    const engine = openEngine(context, {
      debug: true,
      signal: new AbortController().signal,
      writeLine: (line) => lines.push(line),
    });
    const before = this.seen.length;
    const outcomes = await runPipeline({
      pipeline: pipelines[0]!,
      flags: { ...noFlags, ...flags },
      engine: { ...engine, now: () => this.now },
    });
    return { summary: outcomes.at(-1)!.summary, log: lines.join("\n"), seen: this.seen.slice(before) };
  }

  /** The rows of an entity's table without the runtime's own columns, in the order of their text. */
  async rows(entity: string): Promise<string> {
    const found = await this.warehouse.query(`select * from ${this.name}_${entity}`);
    const lines = found.map((row) =>
      JSON.stringify(
        Object.fromEntries(
          Object.entries(row)
            .filter(([column]) => !column.startsWith("sync_"))
            .map(([column, value]) => [column, shownValue(column, value)]),
        ),
      ),
    );
    return `[\n${lines.sort().join(",\n")}\n]\n`;
  }
}

/** When a row was deleted is the warehouse's own time; whether it was is what counts. */
function shownValue(column: string, value: unknown): unknown {
  if (column === "deleted_at") return value === null ? null : "deleted";
  return typeof value === "bigint" ? value.toString() : value;
}
