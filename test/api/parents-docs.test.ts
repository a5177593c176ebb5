/** The examples of docs/api-source.md about slices by parent, as they stand there, each against a server that answers so. */
import { readFileSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { serve } from "../http/server.ts";
import { openApi, readPages } from "./harness.ts";
import { answeredOf, fakeParents, idsFrom, refusedOf } from "./parents-support.ts";
import { notesOf, notesServer } from "./parents-server.ts";

const page = readFileSync(new URL("../../docs/api-source.md", import.meta.url), "utf8");
const section = /^## What belongs to the rows of another pipeline[\s\S]*?(?=^## |$(?![\s\S]))/m.exec(page)?.[0] ?? "";
const examples = [...section.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
  ([, yaml]) => parse(yaml!) as { pipeline: string; depends_on: string[]; source: { slices: { pipeline: string } } },
);
const named = (name: string) => examples.find(({ pipeline }) => pipeline === name)!;

it("has an example for each server, and each waits for the pipeline whose rows it asks for", () => {
  expect(examples.map(({ pipeline }) => pipeline)).toEqual(["shop.contact_notes", "hubspot.contact_deals"]);
  for (const { depends_on, source } of examples) expect(depends_on).toContain(source.slices.pipeline);
});

it("shop.contact_notes", async () => {
  const ids = idsFrom(1, 12);
  const notes = notesOf(ids, (id) => Number(id) % 4);
  const server = await serve(notesServer(notes, { gone: ["5"] }));
  const rows = fakeParents(ids);
  const { source } = await openApi(server.url, named("shop.contact_notes").source, { parents: rows.parents });
  const pages = await readPages(source);
  expect(refusedOf(pages)).toEqual(["5"]);
  expect(answeredOf(pages)).toEqual(ids.filter((id) => id !== "5"));
  expect(pages.flatMap(({ records }) => records)).toEqual(notes.filter(({ contact }) => contact !== "5"));
  expect(rows.queries).toEqual([
    { pipeline: "shop.contacts", column: "id", changed: true, overlap: "15m", full_every: "7d" },
  ]);
});

it("hubspot.contact_deals", async () => {
  const sandbox = await startHubspotSandbox({ limits: false, records: 300, deals: 900, busyContactDeals: 600 });
  onTestFinished(() => sandbox.close());
  const ids = sandbox.all("contacts", []).map(({ id }) => id);
  const [gone] = sandbox.archive({ ids: [ids[9]!] });
  const { source } = await openApi(sandbox.url, named("hubspot.contact_deals").source, {
    connection: { auth: { type: "bearer", token: sandbox.token } },
    parents: fakeParents(ids).parents,
  });
  const pages = await readPages(source);
  expect(refusedOf(pages)).toEqual([gone]);
  expect(answeredOf(pages)).toEqual(ids.filter((id) => id !== gone));
  const records = pages.flatMap(({ records: some }) => some) as {
    from: { id: string };
    to: { toObjectId: unknown }[];
  }[];
  const pairs = new Set(
    records.flatMap(({ from, to }) => to.map(({ toObjectId }) => `${from.id} ${String(toObjectId)}`)),
  );
  expect([...pairs].sort()).toEqual(
    sandbox
      .associations("contacts", "deals")
      .map(({ fromId, toId }) => `${fromId} ${toId}`)
      .sort(),
  );
});
