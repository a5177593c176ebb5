import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startHubspotSandbox, uglyAppointments, uglyDivisions, uglyGeniusUsers } from "../../sandbox/hubspot/index.ts";
import type { HubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { call, listAll, search, using, where } from "./client.ts";

let sandbox: HubspotSandbox;
beforeAll(async () => {
  sandbox = await startHubspotSandbox({ records: 2_100, limits: false });
});
afterAll(() => sandbox.close());

const types = [
  { name: "appointments", path: "0-421", count: 525, ugly: uglyAppointments },
  { name: "divisions", path: "2-37778609", count: 12, ugly: uglyDivisions },
  { name: "genius_users", path: "2-42119425", count: 40, ugly: uglyGeniusUsers },
] as const;

describe.each(types)("$name", ({ name, path, count, ugly }) => {
  test("are listed, one by one, with all that is set", async () => {
    const all = sandbox.all(name);
    const properties = [...new Set(all.flatMap((record) => Object.keys(record.properties)))];
    const listed = await listAll(sandbox, `&properties=${properties.join(",")}`, path);
    expect(listed).toHaveLength(count);
    expect(listed).toEqual(all);
  });

  test("are searched by their own last-modified property and by keyset", async () => {
    const all = sandbox.all(name, []);
    const since = all.map((record) => record.updatedAt).toSorted()[Math.floor(count / 2)] ?? "";
    const expected = all.filter((record) => record.updatedAt >= since).map((record) => record.id);
    const { body } = await search(
      sandbox,
      {
        ...where("hs_lastmodifieddate", "GTE", String(Date.parse(since))),
        sorts: [{ propertyName: "hs_object_id", direction: "ASCENDING" }],
        limit: 200,
      },
      path,
    );
    expect(body.total).toBe(expected.length);
    expect(body.results.map((record) => record.id)).toEqual(expected.slice(0, 200));
    expect((await search(sandbox, where("lastmodifieddate", "GTE", "0"), path)).status).toBe(400);
    const newest =
      all
        .map((record) => record.createdAt)
        .toSorted()
        .at(-1) ?? "";
    expect((await search(sandbox, where("hs_createdate", "GTE", newest), path)).body.total).toBe(1);
  });

  test("are read in batches, and a list of their own has the archived ones", () =>
    using({ records: 200, limits: false }, async (own) => {
      const ids = own.all(name, []).map((record) => record.id);
      const [gone = ""] = own.archive({ type: name });
      const json = { inputs: ids.slice(0, 100).map((id) => ({ id })), properties: ["hs_object_id"] };
      const batch = await call(own, `/crm/v3/objects/${path}/batch/read`, { json });
      const there = ids.slice(0, 100).filter((id) => id !== gone);
      expect(batch.body.results.map((record) => record.id)).toEqual(there);
      const archived = await listAll(own, "&archived=true", path);
      expect(archived.map((record) => record.id)).toEqual([gone]);
      expect(Date.parse(archived[0]?.archivedAt ?? "")).toBeGreaterThan(Date.now() - 10_000);
    }));

  test("have ugly ones at their places", async () => {
    const all = sandbox.all(name);
    expect(ugly.length).toBeGreaterThanOrEqual(5);
    for (const { place, values } of ugly) {
      for (const [key, value] of Object.entries(values)) expect(all[place]?.properties[key]).toBe(value);
    }
  });

  test("say what they have: the columns of the real account's table", async () => {
    const listed = (await call(sandbox, `/crm/v3/properties/${path}`)).body.results as unknown as Array<{
      name: string;
      type: string;
    }>;
    const names = new Map(listed.map((property) => [property.name, property.type]));
    expect(names.get("hs_createdate")).toBe("datetime");
    const some = {
      appointments: ["hs_appointment_start", "is_complete", "arrivy_user_divison_id", "genius_resubmit", "set_date"],
      divisions: ["division_code", "manager_email", "hs_user_ids_of_all_owners"],
      genius_users: ["user_status_inactive", "arrivy_user_id", "user_id"],
    }[name];
    expect(some.filter((one) => !names.has(one))).toEqual([]);
    expect(names.size).toBeGreaterThan({ appointments: 140, divisions: 38, genius_users: 30 }[name]);
  });
});

describe("counts and type ids", () => {
  test("can be chosen", () =>
    using(
      {
        records: 10,
        appointments: 7,
        divisions: 3,
        geniusUsers: 0,
        typeIds: { divisions: "2-1" },
        limits: false,
      },
      async (own) => {
        expect(own.typeIds).toEqual({ divisions: "2-1", geniusUsers: "2-42119425" });
        expect(await listAll(own, "", "appointments")).toHaveLength(7);
        expect(await listAll(own, "", "2-1")).toHaveLength(3);
        expect(await listAll(own, "", "2-42119425")).toHaveLength(0);
        expect((await call(own, "/crm/v3/objects/2-37778609")).body.message).toContain("Unable to infer object type");
      },
    ));

  test("custom objects go by type id or full name, no longer by their plain name", async () => {
    expect((await call(sandbox, "/crm/v3/objects/p4242_division?limit=100")).body.results).toHaveLength(12);
    for (const plain of ["divisions", "division", "genius_users"])
      expect((await call(sandbox, `/crm/v3/objects/${plain}`)).status).toBe(400);
  });

  test.each([
    { typeIds: { divisions: "37778609" } },
    { typeIds: { divisions: "2-1", geniusUsers: "2-1" } },
    { divisions: -1 },
    { deals: 3, busyContactDeals: 4 },
    { associationsPageSize: 0 },
  ])("%j makes no sense", async (options) => {
    await expect(startHubspotSandbox(options)).rejects.toThrow(RangeError);
  });

  test("archived ones may be there from the start", () =>
    using({ records: 60, archived: 12, limits: false }, async (own) => {
      expect(await listAll(own, "&archived=true")).toHaveLength(12);
      expect(await listAll(own, "&archived=true", "deals")).toHaveLength(4);
      expect(await listAll(own, "&archived=true", "0-421")).toHaveLength(3);
    }));
});

describe("schemas", () => {
  test.each(["/crm/v3/schemas", "/crm-object-schemas/v3/schemas"])("%s names the type ids", async (path) => {
    const { results } = (await call(sandbox, path)).body;
    expect(results).toMatchObject([
      {
        objectTypeId: "2-37778609",
        name: "division",
        fullyQualifiedName: "p4242_division",
        labels: { singular: "Division", plural: "Divisions" },
        associations: [{ toObjectTypeId: "0-1", id: "62" }],
      },
      { objectTypeId: "2-42119425", name: "genius_user", labels: { plural: "Genius users" } },
    ]);
    for (const name of ["division", "p4242_division", "2-37778609"])
      expect((await call(sandbox, `${path}/${name}`)).body["objectTypeId"]).toBe("2-37778609");
    expect((await call(sandbox, `${path}/contacts`)).status).toBe(404);
  });
});

describe("owners", () => {
  interface Owner {
    id: string;
    email?: string;
    type: string;
    userId: number | null;
    archived: boolean;
    updatedAt: string;
    teams?: Array<{ primary: boolean }>;
  }
  const owners = async (own: HubspotSandbox, query: string) =>
    (await call(own, `/crm/v3/owners?${query}`)).body.results as unknown as Owner[];

  test("come a hundred a page, archived ones apart", () =>
    using({ records: 1, owners: 250, limits: false }, async (own) => {
      const read: Owner[] = [];
      for (let after = ""; ;) {
        const { body } = await call(own, `/crm/v3/owners?limit=100${after && `&after=${after}`}`);
        read.push(...(body.results as unknown as Owner[]));
        if (!body.paging) break;
        after = body.paging.next.after;
      }
      expect(own.stats().byRoute).toEqual({ owners: 3 });
      const archived = await owners(own, "archived=true");
      expect([read.length, archived.length]).toEqual([225, 25]);
      expect(archived.every((owner) => owner.archived && owner.userId === null)).toBe(true);
      const byId = (left: { id: string }, right: { id: string }) => Number(left.id) - Number(right.id);
      expect([...read, ...archived].toSorted(byId)).toEqual(own.owners());
      expect((await call(own, "/crm/v3/owners?limit=101")).status).toBe(400);
      expect((await call(own, "/crm/v3/owners?after=700000000")).status).toBe(400);
    }));

  test("are people with teams, and queues", async () => {
    const all = await owners(sandbox, "");
    expect(new Set(all.map((owner) => owner.type))).toEqual(new Set(["PERSON", "QUEUE"]));
    expect(all.find((owner) => owner.type === "QUEUE")).not.toHaveProperty("email");
    expect(all.some((owner) => (owner.teams?.length ?? 0) === 2)).toBe(true);
    expect(await owners(sandbox, "email=OWNER2@example.com")).toEqual([all[1]]);
    expect(await owners(sandbox, "email=nobody@example.com")).toEqual([]);
  });

  test("change, leave and come back", () =>
    using({ records: 1, limits: false }, async (own) => {
      const id = own.owners()[0]?.id ?? "";
      own.changeOwner(id, { lastName: "Renamed" });
      expect((await call(own, `/crm/v3/owners/${id}`)).body["lastName"]).toBe("Renamed");
      own.changeOwner(id, { archived: true });
      expect((await call(own, `/crm/v3/owners/${id}`)).status).toBe(404);
      const [gone] = (await owners(own, "archived=true")).filter((owner) => owner.id === id);
      expect(gone).toMatchObject({ archived: true, userId: null });
      expect(Date.parse(gone?.updatedAt ?? "")).toBeGreaterThan(Date.now() - 10_000);
      expect(own.changeOwner(id, { archived: false }).userId).toBe(60_000_000);
      expect(() => own.changeOwner("1", {})).toThrow(RangeError);
    }));
});
