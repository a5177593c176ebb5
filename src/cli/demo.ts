/** `etl demo`: the main job on a local HubSpot and a local Genius, no credentials, into warehouse.db. */
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { sql } from "kysely";
import type { GeniusSandbox } from "../../sandbox/genius/index.ts";
import type { HubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { openSink } from "../sinks/index.ts";
import { asText } from "./open-warehouse.ts";
import { run } from "./run.ts";
import { table } from "./table.ts";

const contacts = 5_000;
const prospects = 1_000;
const warehouse = "sqlite:warehouse.db";

/** Gives the command its arguments, options and action. */
export function demoCommand(command: Command, exit: (code: number) => void): void {
  command.action(async () => exit(await demo()));
}

/** Folder of the shipped pipelines, from the sources and from the built package alike. */
const pipelines = fileURLToPath(
  new URL(import.meta.url.endsWith("/src/cli/demo.ts") ? "../../pipelines/" : "../pipelines/", import.meta.url),
);

/** A few of each: all 30 of Genius would fill the screen. */
const only = [
  "hubspot.contacts",
  "hubspot.deals",
  "genius.prospects",
  "genius.appointments",
  "genius.leads",
  "genius.job_change_orders",
];

/**
 * What those depend on must be known too: all of Genius. File by file, for a folder below node_modules, where the
 * published package lies, is not searched.
 */
function paths(): string[] {
  const genius = readdirSync(`${pipelines}genius`).filter((file) => file.endsWith(".yml") && file !== "connection.yml");
  return ["hubspot/contacts.yml", "hubspot/deals.yml", ...genius.map((file) => `genius/${file}`)].map(
    (file) => `${pipelines}${file}`,
  );
}

async function demo(): Promise<number> {
  const again = existsSync("warehouse.db");
  const hubspot = await startHubspot();
  try {
    const genius = await startGenius();
    try {
      console.error(
        again
          ? "warehouse.db is there: this is a delta run, which fetches what changed.\n"
          : "The first run reads everything; rejects and warnings are what real data looks like.\n",
      );
      const variables = {
        ...process.env,
        HUBSPOT_BASE_URL: hubspot.url,
        HUBSPOT_API_TOKEN: hubspot.token,
        ...genius.env,
      };
      const code = await run(paths(), { output: "text", warehouse, only }, variables);
      await showRows();
      tellNext();
      // Rejects make a run partial; in the demo they are meant to be there.
      return code === 3 ? 0 : code;
    } finally {
      await genius.close();
    }
  } finally {
    await hubspot.close();
  }
}

// The same records each time, some of them changed just now: a second demo has changes to fetch, and nothing else.

async function startHubspot(): Promise<HubspotSandbox> {
  const { startHubspotSandbox } = await import("../../sandbox/hubspot/index.ts");
  const sandbox = await startHubspotSandbox({
    records: contacts,
    deals: contacts / 5,
    seed: 1,
    touched: 40,
    created: 5,
  });
  console.error(
    `A HubSpot sandbox with ${contacts.toLocaleString("en-US")} contacts and ${(contacts / 5).toLocaleString("en-US")} deals listens at ${sandbox.url}.`,
  );
  return sandbox;
}

async function startGenius(): Promise<GeniusSandbox> {
  const { startGeniusSandbox } = await import("../../sandbox/genius/index.ts");
  const sandbox = await startGeniusSandbox({ on: "sqlite", records: prospects, seed: 1 });
  await sandbox.touch({ table: "prospect", count: 12 });
  await sandbox.touch({ table: "job_change_order", count: 8 });
  await sandbox.create({ table: "appointment", count: 3 });
  // A lead that was never changed has no updated_at.
  await sandbox.create({ table: "lead", count: 2, values: { updated_at: null } });
  console.error(
    `A Genius sandbox, a legacy database with ${prospects.toLocaleString("en-US")} prospects, is at ${sandbox.url}.`,
  );
  return sandbox;
}

async function showRows(): Promise<void> {
  const sink = await openSink(warehouse, { readOnly: true });
  try {
    for (const [name, columns] of [
      ["hubspot_contact", ["id", "firstname", "lastname", "email", "phone", "city", "lastmodifieddate"]],
      ["hubspot_deal", ["id", "deal_name", "amount", "dealstage", "hs_lastmodifieddate"]],
      ["genius_appointment", ["id", "prospect_id", "date", "time", "duration", "hubspot_appointment_id", "updated_at"]],
    ] as const) {
      const { rows } = await sql<
        Record<string, unknown>
      >`select * from ${sql.id(name)} order by sync_updated_at desc, id limit 5`.execute(sink.database);
      const there = columns.filter((column) => rows.length === 0 || column in rows[0]!);
      console.log(
        `\n${name}, the rows that changed last:\n${table(
          there,
          rows.map((row) => there.map((column) => asText(row[column]))),
        )}`,
      );
    }
  } finally {
    await sink.close();
  }
}

function tellNext(): void {
  console.error(`
What to try next:
  npx etl demo                                     once more: a delta run, which fetches only what changed
  sqlite3 warehouse.db 'select * from sync_history'
  npx etl history                                  what was run
  npx etl rejects list                             records that could not become rows, and why
  npx etl validate                                 break pipelines/hubspot/contacts.yml and see what it says
  docs/add-an-entity.md                            your own pipeline`);
}
