/** The HubSpot pipelines that are YAML over `_crm-object.yml`, and owners: whole tables beside the sandbox's own data. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startHubspotSandbox, type HubspotSandbox, type ObjectTypeName } from "../../sandbox/hubspot/index.ts";
import { loadSpecs, openContext } from "../../src/cli/context.ts";
import type { Pipeline } from "../../src/spec/types.ts";
import { hubspotProject, runsOf, type HubspotProject } from "../support/hubspot-project.ts";
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

/** Runs pipelines one after another in a process of its own; by pipeline. */
async function run(names: readonly string[], env: Record<string, string> = {}, flags: readonly string[] = []) {
  const files = names.map((name) => project.spec(name));
  const output = await project.start(
    ["run", ...files, "--warehouse", warehouse.address, "--output", "json", ...flags],
    env,
  ).ended;
  return new Map(runsOf(output).map((each) => [each.pipeline.replace("hubspot.", ""), each]));
}

/** What a property must become in SQLite, said apart from the code that does it. Misfits are NULL: the runs are lenient. */
function stored(text: string | null | undefined, { type, default: fallback, validate }: Pipeline["mapping"][string]) {
  const otherwise = fallback === undefined ? null : fallback === false ? 0n : fallback;
  if (text === null || text === undefined || text === "" || text === "null") return otherwise;
  const checks = JSON.stringify(validate ?? "");
  switch (type) {
    case "text":
      if (checks.includes('"email"')) return text.trim().toLowerCase();
      if (checks.includes('"phone"')) return text.replace(/\D/g, "").replace(/^1(?=\d{10}$)/, "");
      return text.trim();
    case "integer":
    case "bigint":
      return /^\d+(\.0+)?$/.test(text) ? BigInt(text.replace(/\..*/, "")) : null;
    case "boolean":
      return /^(true|yes|1)$/i.test(text) ? 1n : 0n;
    case "timestamp":
      return instantMs(text);
    case "date":
      return new Date(instantMs(text)).toISOString().slice(0, 10);
    case "time": {
      const [, hour, minute, second = "00", half] = /^(\d+):(\d\d)(?::(\d\d))? ?([AP]M)?$/.exec(text)!;
      const hours = half ? (Number(hour) % 12) + (half === "PM" ? 12 : 0) : Number(hour);
      return `${String(hours).padStart(2, "0")}:${minute}:${second}`;
    }
    case "json":
      return text.split(";").filter(Boolean);
    case "decimal(15,2)":
      return Number.isFinite(Number(text)) && Number(text) < 1e13 ? Number(text).toFixed(2) : null;
    default:
      throw new Error(`the test does not know ${type}`);
  }
}

const instantMs = (text: string): number => (/^[\d.]+$/.test(text) ? Math.floor(Number(text)) : Date.parse(text));

/** A value as SQLite gives it, in the form of `stored`. */
function read(value: unknown, type: string): unknown {
  if (value === null) return null;
  if (type === "timestamp") return Date.parse(String(value));
  return type === "json" ? JSON.parse(String(value)) : value;
}

/** Every column of every live record, and nothing else but what was archived since. Gives how many values were compared. */
async function expectTable(entity: Entity): Promise<number> {
  const spec = specs.get(entity)!;
  const rows = await warehouse.query(`select * from ${spec.sink.table}`);
  const byId = new Map(rows.map((row) => [String(row["id"]), row]));
  expect(byId.size).toBe(rows.length);
  const records = sandbox.all(entity satisfies ObjectTypeName);
  const wrong: string[] = [];
  let compared = 0;
  for (const record of records.filter(({ archived }) => !archived)) {
    const row = byId.get(record.id);
    if (!row) {
      wrong.push(`${record.id} is missing`);
      continue;
    }
    for (const [column, field] of Object.entries(spec.mapping)) {
      const property = /^properties\.(\w+)/.exec(field.from)?.[1];
      const text = property ? record.properties[property] : String(record[field.from as "id" | "archived"]);
      const [was, expected] = [read(row[column], field.type), stored(text, field)];
      compared++;
      if (!same(was, expected)) wrong.push(`${record.id} ${column}: ${show(was)}, not ${show(expected)} (${text})`);
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  const known = new Set(records.map(({ id }) => id));
  expect(rows.filter(({ id }) => !known.has(String(id)))).toEqual([]);
  return compared;
}

const show = (value: unknown): string =>
  typeof value === "bigint" ? `${value}n` : typeof value === "string" ? value.slice(0, 80) : JSON.stringify(value);
const same = (one: unknown, other: unknown): boolean =>
  Array.isArray(other) ? JSON.stringify(one) === JSON.stringify(other) : one === other;

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
      const columns = Object.keys(specs.get(entity)!.mapping).length;
      expect(await expectTable(entity)).toBe(counts[entity] * columns);
    }
    expect(Object.keys(specs.get("appointments")!.mapping)).toHaveLength(144);
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
      archived: owner.archived ? 1n : 0n,
      created_at: Date.parse(owner.createdAt),
      updated_at: Date.parse(owner.updatedAt),
    }));
  const table = async () => {
    const columns = Object.entries(specs.get("owners")!.mapping);
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
        division: stored(properties["division_name"], { type: "text" } as Pipeline["mapping"][string]),
        region: stored(properties["region"], { type: "text" } as Pipeline["mapping"][string]),
      })),
    );
    sandbox.touch({ type: "divisions", count: 2, properties: { region: "Coast" } });
    expect((await run(["regions"])).get("regions")).toMatchObject({ mode: "incremental", updated: 2 });
  });
});
