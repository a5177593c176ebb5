/** HubSpot's deletions: archived lists, records restored, two ways of merging, associations of what is gone. */
import { readFileSync, writeFileSync } from "node:fs";
import { parse, parseDocument } from "yaml";
import { expect, it, onTestFinished } from "vitest";
import { startHubspotSandbox, type HubspotSandbox, type HubspotSandboxOptions } from "../../sandbox/hubspot/index.ts";
import { hubspotProject, runsOf, type HubspotProject } from "../support/hubspot-project.ts";
import { warehouses, type TestWarehouse } from "../support/warehouses.ts";

/** As a user would write it; `max` is wide, for there are few records here. */
const deletesOf = (type: string): string => `
deletes:
  detect: listed
  request: { path: "${type}", query: { archived: "true", limit: 100, properties: "{{join (mapped 'properties') ','}}" } }
  merged: "$split(properties.hs_merged_object_ids, ';')"
  max: 20
`;

/** Puts it in the place of the shipped one. */
function setDeletes(file: string, yaml: string): void {
  const document = parseDocument(readFileSync(file, "utf8"));
  document.set("deletes", (parse(yaml) as { deletes: unknown }).deletes);
  writeFileSync(file, document.toString());
}

const associations = (from: string, to: string): string => `
pipeline: hubspot.${from}_${to}
depends_on: [hubspot.${from}s, hubspot.${to}s]
source:
  type: api
  connection: hubspot
  slices: { by: parent, pipeline: hubspot.${from}s, column: id, changed: true, full_every: 7d, batch: 1000 }
  request: { method: POST, path: /crm/v4/associations/${from}s/${to}s/batch/read, body: { inputs: "{{slice.inputs}}" } }
  records: results
  pagination: { type: nested, over: results, key: from.id, cursor: paging.next.after, send_as: slice.inputs.after }
  responses:
    - { when: "$status = 400 and category = 'VALIDATION_ERROR'", do: split }
    - { when: "$status = 207 and $count(errors[subCategory != 'crm.associations.NO_ASSOCIATIONS_FOUND']) = 0", do: ignore }
children:
  - each: 'to.{ "to_id": toObjectId }'
    mapping:
      ${from}_id: { from: $parent.from.id, type: bigint }
      ${to}_id: { from: to_id, type: bigint }
    upsert: { keys: [contact_id, deal_id], replace_within: [${from}_id] }
    sink: { table: hubspot_contact_deal }
`;

interface Account {
  sandbox: HubspotSandbox;
  project: HubspotProject;
  warehouse: TestWarehouse;
  live(table: string): Promise<string[]>;
  pairs(): Promise<string[]>;
  truth(type: "contacts" | "deals"): string[];
}

async function account(open: () => Promise<TestWarehouse>, options: HubspotSandboxOptions): Promise<Account> {
  const warehouse = await open();
  onTestFinished(() => warehouse.close());
  const sandbox = await startHubspotSandbox({ limits: false, ...options });
  onTestFinished(() => sandbox.close());
  const project = hubspotProject(sandbox);
  onTestFinished(() => project.remove());
  setDeletes(project.spec("contacts"), deletesOf("/crm/v3/objects/contacts"));
  setDeletes(project.spec("deals"), deletesOf("/crm/v3/objects/deals"));
  writeFileSync(project.spec("contact_deals"), associations("contact", "deal"));
  writeFileSync(project.spec("deal_contacts"), associations("deal", "contact"));
  return {
    sandbox,
    project,
    warehouse,
    live: async (table) =>
      (await warehouse.query(`select id from ${table} where deleted_at is null`)).map(({ id }) => String(id)).sort(),
    pairs: async () =>
      (await warehouse.query("select contact_id, deal_id from hubspot_contact_deal"))
        .map((row) => `${String(row["contact_id"])} ${String(row["deal_id"])}`)
        .sort(),
    truth: (type) =>
      sandbox
        .all(type, [])
        .filter(({ archived }) => !archived)
        .map(({ id }) => id)
        .sort(),
  };
}

it.each(warehouses)(
  "archived and restored records, and the associations of both sides, in $name",
  async ({ open }) => {
    const { sandbox, project, warehouse, live, pairs, truth } = await account(open, {
      records: 150,
      deals: 60,
      busyContactDeals: 10,
      archived: 5,
      touchOnAssociate: false,
    });
    const all = ["contacts", "deals", "contact_deals", "deal_contacts"].map((name) => project.spec(name));
    const etl = async (command: "run" | "remove", ...args: string[]) =>
      runsOf(await project.etl([command, ...args, "--warehouse", warehouse.address, "--output", "json"]));
    const truePairs = (): string[] =>
      sandbox
        .associations("contacts", "deals")
        .map(({ fromId, toId }) => `${fromId} ${toId}`)
        .sort();
    expect((await etl("run", ...all)).map(({ status }) => status)).toEqual(Array(4).fill("success"));
    expect(await pairs()).toEqual(truePairs());

    const [pair = ""] = truePairs();
    const [contact, deal] = pair.split(" ") as [string, string];
    const gone = sandbox.archive({ count: 6, type: "contacts" });
    sandbox.archive({ ids: [deal], type: "deals" });
    const dry = await etl("remove", ...all, "--dry-run");
    expect(dry.map((run) => [run.pipeline, run.status, run.deleted])).toEqual([
      ["hubspot.contacts", "success", 6],
      ["hubspot.deals", "success", 1],
    ]);
    const removed = await etl("remove", ...all);
    expect(removed.map((run) => [run.pipeline, run.status, run.deleted])).toEqual(
      dry.map((run) => [run.pipeline, run.status, run.deleted]),
    );
    expect(await live("hubspot_contact")).toEqual(truth("contacts"));
    expect(await live("hubspot_deal")).toEqual(truth("deals"));
    expect((await etl("run", ...all)).map(({ status }) => status)).toEqual(Array(4).fill("success"));
    expect(await pairs()).toEqual(truePairs());
    expect(await pairs()).not.toContain(pair);

    sandbox.restore({ ids: [deal], type: "deals" });
    sandbox.restore({ ids: gone.slice(0, 2), type: "contacts" });
    const back = await etl("run", ...all);
    expect(back.map(({ status, error }) => [status, error])).toEqual(Array(4).fill(["success", null]));
    expect(back[0]).toMatchObject({ updated: 2, created: 0, deleted: 0 });
    expect(await live("hubspot_contact")).toEqual(truth("contacts"));
    expect(await live("hubspot_deal")).toEqual(truth("deals"));
    expect(await pairs()).toEqual(truePairs());
    if (sandbox.all("contacts", []).some(({ id, archived }) => id === contact && !archived))
      expect(await pairs()).toContain(pair);
  },
  120_000,
);

it.each(
  warehouses.flatMap((warehouse) => (["primary", "new record"] as const).map((into) => ({ ...warehouse, into }))),
)(
  "contacts merged into $into: losers go with the winner, in $name",
  async ({ open, into }) => {
    const { sandbox, project, warehouse, live, truth } = await account(open, {
      records: 60,
      deals: 0,
      mergesInto: into,
    });
    await project.run("contacts", warehouse);
    const [a, b, c, d] = truth("contacts") as [string, string, string, string];
    sandbox.merge(a, b);
    const winner = sandbox.merge(c, d);
    const { runs } = await project.run("contacts", warehouse);
    expect(runs[0]).toMatchObject({
      status: "success",
      mode: "incremental",
      deleted: into === "primary" ? 2 : 4,
      created: into === "primary" ? 0 : 2,
    });
    expect(await live("hubspot_contact")).toEqual(truth("contacts"));
    // A chain: the winner is merged into another one.
    const [other] = truth("contacts").filter((id) => id !== String(winner)) as [string];
    sandbox.merge(other, String(winner));
    expect((await project.run("contacts", warehouse)).runs[0]).toMatchObject({ status: "success" });
    expect(await live("hubspot_contact")).toEqual(truth("contacts"));
    expect((await project.run("contacts", warehouse, "--full")).runs[0]).toMatchObject({
      status: "success",
      deleted: 0,
      updated: 0,
    });
  },
  120_000,
);

it("what a full read misses is asked about by batch read: only what HubSpot denies goes", async () => {
  const warehouse = await warehouses[0].open();
  onTestFinished(() => warehouse.close());
  const sandbox = await startHubspotSandbox({ limits: false, records: 80, deals: 0 });
  onTestFinished(() => sandbox.close());
  const project = hubspotProject(sandbox);
  onTestFinished(() => project.remove());
  setDeletes(
    project.spec("contacts"),
    `
deletes:
  detect: missing
  max: 10
  lookup:
    request: { method: POST, path: /crm/v3/objects/contacts/batch/read, body: { properties: [hs_object_id], inputs: "{{lookup.inputs}}" } }
    found: results.id
    responses: [{ when: $status = 207, do: ignore }]
`,
  );
  await project.run("contacts", warehouse);
  const archived = sandbox.archive({ count: 3 });
  const removed = sandbox.remove({ count: 1 });
  const { runs, output } = await project.run("contacts", warehouse, "--full");
  expect(runs[0]).toMatchObject({ status: "success", deleted: 4 });
  expect(output.stderr).toContain("was asked about 4 rows that seem to be gone, and denies 4 of them");
  const rows = await warehouse.query("select id from hubspot_contact where deleted_at is not null");
  expect(rows.map(({ id }) => String(id)).sort()).toEqual([...archived, ...removed].sort());
}, 60_000);
