/** W1 and W2: contacts of the sandbox HubSpot, 20 columns of which 5 by an expression; all, all again, one in a hundred. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { contactColumns, contactsTable } from "../contacts.ts";
import { emptyDatabase, prefix } from "../databases.ts";
import { workFolder } from "../folders.ts";
import type { Asked } from "../hubspot-server.ts";
import type { Workload } from "./workload.ts";

export const contacts: Workload = {
  workload: "api",
  cases: { first: "W1", again: "W1", delta: "W2" },
  title: "API → PostgreSQL, 20 columns, 5 of them expressions",
  columns: contactColumns,
  rows: 100_000,
  async open(rows) {
    const server = fork(fileURLToPath(new URL("../hubspot-server.ts", import.meta.url)), [String(rows)]);
    const [api] = (await once(server, "message")) as [{ url: string; token: string }];
    return {
      source: { file: "", database: "", api },
      before: async (step) => {
        if (step === "delta") await ask(server, { do: "touch", count: Math.ceil(rows / 100) });
      },
      expected: () => referenceOf(server),
      close: async () => {
        server.kill();
        await once(server, "exit");
      },
    };
  },
};

async function ask(server: ChildProcess, asked: Asked): Promise<void> {
  server.send(asked);
  await once(server, "message");
}

/** What the sandbox itself holds now, mapped by hand. */
async function referenceOf(server: ChildProcess): Promise<{ url: string; table: string }> {
  mkdirSync(join(workFolder, "data"), { recursive: true });
  const file = join(workFolder, "data/contacts.tsv");
  await ask(server, { do: "write", file });
  const url = await emptyDatabase(`${prefix}contacts`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(contactsTable("contacts"));
  await pipeline(createReadStream(file), client.query(copyFrom("COPY contacts FROM STDIN")));
  await client.end();
  return { url, table: "contacts" };
}
