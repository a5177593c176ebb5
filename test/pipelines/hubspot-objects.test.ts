/** The HubSpot pipelines that are YAML over `_crm-object.yml`, and owners: whole tables beside the sandbox's own data. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startHubspotSandbox, type HubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { loadSpecs, openContext } from "../../src/cli/context.ts";
import type { Field, Pipeline } from "../../src/spec/types.ts";
import { hubspotProject, runsOf, type HubspotProject } from "../support/hubspot-project.ts";
import { expectObjects, read, stored } from "../support/hubspot-tables.ts";
import { warehouses, type TestWarehouse } from "../support/warehouses.ts";

const counts = { deals: 1_100, appointments: 1_300, divisions: 12, genius_users: 40 } as const;
type Entity = keyof typeof counts;
const entities = Object.keys(counts) as Entity[];
const owners = 230;
/** `delta.overlap` of `_crm-object.yml`. */
const overlapMs = 600_000;
const [sqlite] = warehouses;

let sandbox: HubspotSandbox;
let project: HubspotProject;
let warehouse: TestWarehouse;
let specs: Map<string, Pipeline>;

beforeAll(async () => {
  sandbox = await startHubspotSandbox({
    records: 10,
    deals: counts.deals,
    appointments: counts.appointments,
    divisions: counts.divisions,
    geniusUsers: counts.genius_users,
    owners,
    seed: 5,
    limits: false,
  });
  project = hubspotProject(sandbox);
  warehouse = await sqlite.open();
  const { pipelines } = loadSpecs([project.folder], openContext([project.folder], {}, { HUBSPOT_API_TOKEN: "x" }));
  specs = new Map(pipelines.map(({ entity, spec }) => [entity, spec]));
});
afterAll(async () => {
  await sandbox.close();
  await warehouse.close();
  project.remove();
});

/** Runs pipelines one after another; by pipeline. */
async function run(names: readonly string[], env: Record<string, string> = {}, flags: readonly string[] = []) {
  const files = names.map((name) => project.spec(name));
  const output = await project.etl(
    ["run", ...files, "--warehouse", warehouse.address, "--output", "json", ...flags],
    env,
  );
  return new Map(runsOf(output).map((each) => [each.pipeline.replace("hubspot.", ""), each]));
}

const expectTable = (entity: Entity): Promise<number> =>
  expectObjects({ sandbox, warehouse, entity, spec: specs.get(entity)! });

describe("objects over _crm-object.yml", () => {
  it("reads every record in a full run, and every column is what HubSpot has", async () => {
    const runs = await run(entities);
    for (const entity of entities) {
      expect(runs.get(entity)).toMatchObject({
        status: "success",
        mode: "initial_full",
        fetched: counts[entity],
        created: counts[entity],
        rejected: 0,
        error: null,
      });
      const columns = Object.keys(specs.get(entity)!.mapping!).length;
      expect(await expectTable(entity)).toBe(counts[entity] * columns);
    }
    expect(Object.keys(specs.get("appointments")!.mapping!)).toHaveLength(144);
  });

  it("reads only what was touched and created in a later delta, and the tables are as HubSpot again", async () => {
    const changes = {
      deals: { property: "dealname", count: 250 },
      appointments: { property: "city", count: 450 },
      divisions: { property: "region", count: 3 },
      genius_users: { property: "job_title", count: 7 },
    } as const;
    const expected = new Map(
      entities.map((entity) => {
        const { property, count } = changes[entity];
        const since = Math.max(...sandbox.all(entity, []).map(({ updatedAt }) => Date.parse(updatedAt))) - overlapMs;
        const touched = sandbox.touch({ type: entity, count, properties: { [property]: " touched " } });
        sandbox.create({ type: entity, count: 2 });
        const [archived] = sandbox.archive({ type: entity, count: 1 });
        const live = sandbox.all(entity, []).filter((record) => !record.archived);
        return [
          entity,
          {
            fetched: live.filter(({ updatedAt }) => Date.parse(updatedAt) >= since).length,
            created: 2,
            updated: touched.filter((id) => id !== archived).length,
          },
        ];
      }),
    );
    const runs = await run(entities);
    for (const entity of entities) {
      expect(runs.get(entity)).toMatchObject({
        status: "success",
        mode: "incremental",
        rejected: 0,
        stale: 0,
        ...expected.get(entity),
      });
      await expectTable(entity);
    }
    expect(expected.get("appointments")!.fetched).toBeLessThan(460);
  });

  it("clears what was cleared", async () => {
    const [id] = sandbox.touch({
      type: "appointments",
      properties: { hs_all_owner_ids: "", time: "", is_complete: "", city: "" },
    });
    await run(["appointments"]);
    const rows = await warehouse.query(
      `select hs_all_owner_ids, "time", is_complete, city from hubspot_appointment where id = ${id}`,
    );
    expect(rows).toEqual([{ hs_all_owner_ids: null, time: null, is_complete: 0n, city: null }]);
    await expectTable("appointments");
  });
});

describe("the account's own objects under other type ids", () => {
  it("reads them as the environment says; the other id has a watermark of its own", async () => {
    const account = await startHubspotSandbox({
      records: 0,
      divisions: 5,
      seed: 6,
      limits: false,
      typeIds: { divisions: "2-123456" },
    });
    const env = { HUBSPOT_BASE_URL: account.url, HUBSPOT_API_TOKEN: account.token };
    try {
      const lost = (await run(["divisions"], env)).get("divisions")!;
      expect(lost).toMatchObject({ status: "failed", fetched: 0 });
      expect(lost.error).toContain("the HubSpot account has no object of this type id");

      const other = { ...env, HUBSPOT_DIVISION_TYPE: "2-123456" };
      expect((await run(["divisions"], other)).get("divisions")).toMatchObject({
        status: "success",
        mode: "initial_full",
        fetched: 5,
      });
      account.touch({ type: "divisions", count: 2 });
      expect((await run(["divisions"], other)).get("divisions")).toMatchObject({ mode: "incremental", fetched: 2 });
    } finally {
      await account.close();
    }
    // The first account's watermark is where it was.
    expect((await run(["divisions"])).get("divisions")).toMatchObject({ status: "success", mode: "incremental" });
  });
});

describe("owners", () => {
  const expected = () =>
    sandbox.owners().map((owner) => ({
      id: BigInt(owner.id),
      type: owner.type,
      email: owner.email ?? null,
      first_name: owner.firstName,
      last_name: owner.lastName === "" ? null : owner.lastName,
      user_id: owner.userId === null ? null : BigInt(owner.userId),
      user_id_including_inactive: owner.userIdIncludingInactive === null ? null : BigInt(owner.userIdIncludingInactive),
      teams: owner.teams ?? null,
      archived: owner.archived,
      created_at: Date.parse(owner.createdAt),
      updated_at: Date.parse(owner.updatedAt),
    }));
  const table = async () => {
    const columns = Object.entries(specs.get("owners")!.mapping!);
    const rows = await warehouse.query("select * from hubspot_owner order by id");
    return rows.map((row) => Object.fromEntries(columns.map(([name, { type }]) => [name, read(row[name], type)])));
  };

  it("reads those who have left too, over several pages", async () => {
    expect((await run(["owners"])).get("owners")).toMatchObject({
      status: "success",
      fetched: owners,
      created: owners,
      rejected: 0,
    });
    expect(await table()).toEqual(expected());
  });

  it("writes only who has changed, left or come back", async () => {
    const [one, two] = sandbox.owners().filter(({ archived, type }) => !archived && type === "PERSON");
    const gone = sandbox.owners().find(({ archived }) => archived)!;
    sandbox.changeOwner(one!.id, { lastName: "Changed", teams: [] });
    sandbox.changeOwner(two!.id, { archived: true });
    sandbox.changeOwner(gone.id, { archived: false });
    expect((await run(["owners"])).get("owners")).toMatchObject({
      status: "success",
      fetched: owners,
      created: 0,
      updated: 3,
      unchanged: owners - 3,
    });
    expect(await table()).toEqual(expected());
  });
});

describe("HubSpot's dated versions", () => {
  it("are asked for where the environment says so", async () => {
    sandbox.touch({ type: "divisions", count: 2 });
    sandbox.resetStats();
    const runs = await run(["divisions", "owners"], {
      HUBSPOT_OBJECTS_PATH: "/crm/objects/2026-03",
      HUBSPOT_OWNERS_PATH: "/crm/owners/2026-03",
    });
    expect([...runs.values()].map(({ status }) => status)).toEqual(["success", "success"]);
    const paths = sandbox.stats().requests.map(({ url }) => url.replace(/\?.*/, ""));
    expect([...new Set(paths)].sort()).toEqual(["/crm/objects/2026-03/2-37778609/search", "/crm/owners/2026-03"]);
  });
});

describe("docs/add-an-entity.md", () => {
  const page = readFileSync(new URL("../../docs/add-an-entity.md", import.meta.url), "utf8");
  const yaml = [
    ...page.matchAll(/^```yaml\n(# yaml-language-server[^\n]*\npipeline: hubspot\.(\w+)\n[\s\S]*?)^```$/gm),
  ];

  it("has specs that run as they stand there, the one with extends too", async () => {
    expect(yaml.map(([, , name]) => name)).toEqual(["people", "regions"]);
    for (const [, text, name] of yaml) writeFileSync(project.spec(name!), text!);
    const runs = await run(["people", "regions"]);
    const still = sandbox.owners().filter(({ archived }) => !archived).length;
    expect(runs.get("people")).toMatchObject({ status: "success", fetched: still, created: still });
    const live = sandbox.all("divisions").filter(({ archived }) => !archived);
    expect(runs.get("regions")).toMatchObject({ status: "success", mode: "initial_full", created: live.length });
    expect(await warehouse.query("select division, region from hubspot_region order by id")).toEqual(
      live.map(({ properties }) => ({
        division: stored(properties["division_name"], { type: "text" } as Field),
        region: stored(properties["region"], { type: "text" } as Field),
      })),
    );
    sandbox.touch({ type: "divisions", count: 2, properties: { region: "Coast" } });
    expect((await run(["regions"])).get("regions")).toMatchObject({ mode: "incremental", updated: 2 });
  });
});
