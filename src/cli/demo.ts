/** `etl demo`: the main job on a local HubSpot, no credentials, into warehouse.db. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { sql } from "kysely";
import { openSink } from "../sinks/index.ts";
import { asText } from "./open-warehouse.ts";
import { run } from "./run.ts";
import { table } from "./table.ts";

const contacts = 5_000;
const warehouse = "sqlite:warehouse.db";

/** Adds the command. */
export function demoCommand(program: Command, exit: (code: number) => void): void {
  program
    .command("demo")
    .description("run HubSpot pipelines against a local sandbox into warehouse.db; no credentials, nothing installed")
    .action(async () => exit(await demo()));
}

/** Folder of the shipped pipelines, from the sources and from the built package alike. */
const pipelines = fileURLToPath(
  new URL(
    import.meta.url.endsWith("/src/cli/demo.ts") ? "../../pipelines/hubspot/" : "../pipelines/hubspot/",
    import.meta.url,
  ),
);

async function demo(): Promise<number> {
  const again = existsSync("warehouse.db");
  const { startHubspotSandbox } = await import("../../sandbox/hubspot/index.ts");
  // The same contacts each time, some of them changed just now: a second demo has changes to fetch, and nothing else.
  const sandbox = await startHubspotSandbox({
    records: contacts,
    deals: contacts / 5,
    seed: 1,
    touched: 40,
    created: 5,
  });
  try {
    console.error(
      `A HubSpot sandbox with ${contacts.toLocaleString("en-US")} contacts and ${(contacts / 5).toLocaleString("en-US")} deals listens at ${sandbox.url}.`,
    );
    console.error(
      again
        ? "warehouse.db is there: this is a delta run, which fetches what changed.\n"
        : "The first run reads everything; rejects and warnings are what real data looks like.\n",
    );
    const variables = { ...process.env, HUBSPOT_BASE_URL: sandbox.url, HUBSPOT_API_TOKEN: sandbox.token };
    const code = await run(
      [`${pipelines}contacts.yml`, `${pipelines}deals.yml`],
      { output: "text", warehouse },
      variables,
    );
    await showRows();
    tellNext();
    // Rejects make a run partial; in the demo they are meant to be there.
    return code === 3 ? 0 : code;
  } finally {
    await sandbox.close();
  }
}

async function showRows(): Promise<void> {
  const sink = await openSink(warehouse, { readOnly: true });
  try {
    for (const [name, columns] of [
      ["hubspot_contact", ["id", "firstname", "lastname", "email", "phone", "city", "lastmodifieddate"]],
      ["hubspot_deal", ["id", "deal_name", "amount", "dealstage", "hs_lastmodifieddate"]],
    ] as const) {
      const { rows } = await sql<
        Record<string, unknown>
      >`select * from ${sql.id(name)} order by sync_updated_at desc, id limit 5`.execute(sink.database);
      const shown = columns.filter((column) => rows.length === 0 || column in rows[0]!);
      console.log(
        `\n${name}, the rows that changed last:\n${table(
          shown,
          rows.map((row) => shown.map((column) => asText(row[column]))),
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
