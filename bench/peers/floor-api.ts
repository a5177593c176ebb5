/**
 * The floor of W1 and W2: undici, JSON.parse, COPY, and one INSERT … ON CONFLICT. It retries nothing, checks nothing,
 * and asks for the next page while the one before is mapped.
 * node floor-api.ts API TARGET STEP
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { Agent, request } from "undici";
import { contactColumns, contactLine, contactProperties, contactsTable, type Contact } from "../contacts.ts";
import { mergeSql } from "./floor.ts";

interface Page {
  results: Contact[];
  paging?: { next?: { after: string } };
}

const [api, target, step] = process.argv.slice(2);
const agent = new Agent({ connections: 1 });
const headers = { authorization: `Bearer ${process.env["BENCH_TOKEN"]}`, "content-type": "application/json" };
const path = "/crm/v3/objects/contacts";
const stateFile = "since.txt";
let watermark = existsSync(stateFile) ? readFileSync(stateFile, "utf8") : "";

const list = (after: string): Promise<Page> =>
  call("GET", `${path}?limit=100&properties=${contactProperties.join(",")}${after ? `&after=${after}` : ""}`);

const search = (after: string): Promise<Page> =>
  call("POST", `${path}/search`, {
    filterGroups: [
      { filters: [{ propertyName: "lastmodifieddate", operator: "GTE", value: String(Date.parse(watermark)) }] },
    ],
    properties: contactProperties,
    limit: 200,
    ...(after ? { after } : {}),
  });

async function call(method: "GET" | "POST", at: string, body?: object): Promise<Page> {
  const answer = await request(`${api}${at}`, {
    method,
    headers,
    dispatcher: agent,
    body: body && JSON.stringify(body),
  });
  if (answer.statusCode !== 200) throw new Error(`${method} ${at} answered ${answer.statusCode}`);
  return JSON.parse(await answer.body.text()) as Page;
}

/** Lines of COPY, a page at a time. */
async function* lines(): AsyncGenerator<string> {
  const pageAfter = step === "delta" ? search : list;
  let newest = watermark;
  let next: Promise<Page> | undefined = pageAfter("");
  while (next) {
    const page: Page = await next;
    const after = page.paging?.next?.after;
    next = after ? pageAfter(after) : undefined;
    let text = "";
    for (const contact of page.results) {
      const modified = contact.properties["lastmodifieddate"]!;
      if (modified > newest) newest = modified;
      text += contactLine(contact);
    }
    yield text;
  }
  watermark = newest;
}

const client = new pg.Client({ connectionString: target });
await client.connect();
await client.query(contactsTable("IF NOT EXISTS contacts"));
await client.query("CREATE TEMP TABLE staging (LIKE contacts)");
await pipeline(Readable.from(lines()), client.query(copyFrom("COPY staging FROM STDIN")));
await client.query(
  mergeSql(
    "contacts",
    contactColumns.map(({ name }) => name),
  ),
);
await client.end();
await agent.close();
writeFileSync(stateFile, watermark);
