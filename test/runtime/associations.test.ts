/** The associations of docs/api-source.md with their children, run as a user would: contacts first, then what is theirs. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { hubspotProject } from "../support/hubspot-project.ts";
import { warehouses } from "../support/warehouses.ts";

const docs = readFileSync(new URL("../../docs/api-source.md", import.meta.url), "utf8");
const source = /^pipeline: hubspot\.contact_deals\n[\s\S]*?(?=^```$)/m.exec(docs)?.[0] ?? "";
const spec = `${source.replace("[hubspot.contacts, hubspot.deals]", "[hubspot.contacts]")}
children:
  - each: 'to.{ "to_id": toObjectId, "types": associationTypes }'
    mapping:
      contact_id: { from: $parent.from.id, type: bigint }
      deal_id: { from: to_id, type: bigint }
      type_ids: { from: types.typeId, type: json }
    upsert: { keys: [contact_id, deal_id], replace_within: [contact_id] }
    sink: { table: hubspot_contact_deal }
limits: { max_rejects: 1 }
`;

it.each(warehouses)(
  "associations follow what is asked, refused, merged and gone, into $name",
  async ({ open }) => {
    const warehouse = await open();
    onTestFinished(() => warehouse.close());
    const sandbox = await startHubspotSandbox({
      limits: false,
      records: 120,
      deals: 150,
      busyContactDeals: 40,
      associationsPageSize: 15,
    });
    onTestFinished(() => sandbox.close());
    const project = hubspotProject(sandbox);
    onTestFinished(() => project.remove());
    writeFileSync(project.spec("contact_deals"), spec);
    const truth = (): string[] =>
      sandbox
        .associations("contacts", "deals")
        .map(({ fromId, toId }) => `${fromId} ${toId}`)
        .sort();
    const stored = async (): Promise<string[]> =>
      (await warehouse.query("select contact_id, deal_id from hubspot_contact_deal"))
        .map((row) => `${String(row["contact_id"])} ${String(row["deal_id"])}`)
        .sort();
    const sync = async () => {
      await project.run("contacts", warehouse);
      return (await project.run("contact_deals", warehouse)).runs[0]!;
    };

    expect(await sync()).toMatchObject({ status: "success", mode: "initial_full" });
    expect(await stored()).toEqual(truth());

    const [gone] = sandbox.dissociate({ from: "contacts", to: "deals", last: true });
    sandbox.associate({ from: "contacts", to: "deals", count: 7 });
    // Read by the contacts' run, and then archived and merged before the associations are asked for.
    const [archived, loser, winner] = sandbox.touch({
      ids: [...new Set(truth().map((pair) => pair.split(" ")[0]!))].slice(0, 3),
    }) as [string, string, string];
    await project.run("contacts", warehouse);
    const kept = truth().filter((pair) => pair.startsWith(`${archived} `));
    sandbox.archive({ ids: [archived] });
    sandbox.merge(winner, loser);
    const { runs } = await project.run("contact_deals", warehouse);
    expect(runs[0]).toMatchObject({ status: "success", mode: "incremental", rejected: 1, error: null });
    // What is stored of the one that is refused stays; the merged one's are the winner's now.
    expect(kept.length).toBeGreaterThan(0);
    expect(await stored()).toEqual([...truth(), ...kept].sort());
    expect((await stored()).some((pair) => pair.startsWith(`${loser} `) || pair.startsWith(`${gone!.fromId} `))).toBe(
      false,
    );
  },
  60_000,
);
