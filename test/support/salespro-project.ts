/**
 * The shipped SalesPro pipelines in a folder of their own, and an Athena for them: the stand-in's API, with SQLite
 * behind it that runs the SQL which the pipelines send.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";
import type { RunSummary } from "../../src/runtime/summary.ts";
import { type AthenaServer, athenaConnection, athenaServer } from "../database/athena-server.ts";
import { root } from "../package/support.ts";
import { runsOf } from "./hubspot-project.ts";
import { runEtl } from "./warm-etl.ts";

export interface SalesproProject {
  folder: string;
  etl(
    args: readonly string[],
    env?: Record<string, string>,
  ): Promise<{ code: number | null; stdout: string; stderr: string }>;
  run(target: string, warehouse: { address: string }, ...args: string[]): Promise<Ran>;
}

export interface Ran {
  code: number | null;
  stderr: string;
  /** By the pipeline's entity. */
  runs: Record<string, RunSummary>;
}

/** A project whose connection leads to an endpoint on this machine. It is gone when the test ends. */
export function salesproProject(endpoint: string, env: Record<string, string> = {}): SalesproProject {
  const folder = mkdtempSync(join(tmpdir(), "etl-salespro-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(root, "pipelines/salespro"), join(folder, "pipelines/salespro"), { recursive: true });
  const { dialect: _, region: __, database: ___, ...connection } = athenaConnection(endpoint);
  const environments = { development: { validation: "strict", connections: { salespro: connection } } };
  writeFileSync(join(folder, "etl.yml"), stringify({ environments }));
  const etl = (args: readonly string[], more: Record<string, string> = {}) =>
    runEtl(args, { cwd: folder, env: { ...env, ...more } });
  return {
    folder,
    etl,
    async run(target, { address }, ...args) {
      const ended = await etl(["run", target, "--warehouse", address, "--output", "json", ...args]);
      const runs = Object.fromEntries(runsOf(ended).map((run) => [run.pipeline.replace("salespro.", ""), run]));
      return { code: ended.code, stderr: ended.stderr, runs };
    },
  };
}

export interface SalesproAthena {
  server: AthenaServer;
  /** What Athena reads: text columns, times with six digits after the point. */
  data: DatabaseSync;
  insert(table: string, rows: readonly Record<string, string | null>[]): void;
}

/** @param tables their columns, each with its type in the catalog */
export async function salesproAthena(tables: Record<string, Record<string, string>>): Promise<SalesproAthena> {
  const data = new DatabaseSync(":memory:");
  for (const [table, columns] of Object.entries(tables)) {
    const written = Object.keys(columns).map((name) => `"${name}" TEXT`);
    data.exec(`CREATE TABLE "${table}" (${written.join(", ")})`);
  }
  const server = await athenaServer();
  server.find = ({ sql, values }) => {
    const table = /FROM "(\w+)"/.exec(sql)?.[1];
    const types = tables[table ?? ""];
    if (!types) throw new Error(`TABLE_NOT_FOUND: line 1:15: Table '${table}' does not exist`);
    const statement = data.prepare(sql);
    const rows = statement.all(...values.map(valueOf)) as Record<string, string | null>[];
    const names = statement.columns().map(({ name }) => name);
    return {
      columns: Object.fromEntries(names.map((name) => [name, types[name]!])),
      rows: rows.map((row) => names.map((name) => row[name]!)),
    };
  };
  return {
    server,
    data,
    insert(table, rows) {
      for (const row of rows) {
        const names = Object.keys(row);
        data
          .prepare(
            `INSERT INTO "${table}" (${names.map((name) => `"${name}"`).join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
          )
          .run(...Object.values(row));
      }
    },
  };
}

/** A literal of Trino's as the text that it stands for. */
function valueOf(literal: string): string {
  const text = /^(?:TIMESTAMP )?'(.*)'$/s.exec(literal)?.[1];
  if (text === undefined) throw new Error(`SYNTAX_ERROR: ${literal} is no literal that this Athena knows`);
  return text.replaceAll("''", "'");
}
