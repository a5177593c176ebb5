import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startHubspotSandbox, uglyContacts } from "../../sandbox/hubspot/index.ts";
import type { HubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { call, listAll } from "./client.ts";

let sandbox: HubspotSandbox;
beforeAll(async () => {
  sandbox = await startHubspotSandbox({ records: 530, limits: false });
});
afterAll(() => sandbox.close());

describe("authorization", () => {
  test.each([
    ["none", { authorization: "" }],
    ["a wrong token", { authorization: "Bearer other" }],
    ["another scheme", { authorization: "Basic sandbox-token" }],
  ])("%s is a 401 with the documented body", async (_, headers) => {
    const reply = await call(sandbox, "/crm/v3/objects/contacts", { headers });
    expect(reply.status).toBe(401);
    expect(reply.body).toMatchObject({
      status: "error",
      category: "INVALID_AUTHENTICATION",
      message: expect.stringContaining("Authentication credentials not found"),
    });
    expect(reply.body.correlationId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("the token is configurable", async () => {
    const other = await startHubspotSandbox({ records: 1, token: "pat-na1-x" });
    expect((await call(other, "/crm/v3/objects/contacts")).status).toBe(200);
    expect(
      (
        await call(other, "/crm/v3/objects/contacts", {
          headers: { authorization: "Bearer sandbox-token" },
        })
      ).status,
    ).toBe(401);
    await other.close();
  });
});

describe("list", () => {
  test("pages to the end: every record once, in the order of ids as numbers", async () => {
    const ids = (await listAll(sandbox)).map((record) => record.id);
    expect(ids).toHaveLength(530);
    expect(new Set(ids).size).toBe(530);
    expect(ids).toEqual(ids.toSorted((left, right) => (BigInt(left) < BigInt(right) ? -1 : 1)));
    expect(ids).toEqual(sandbox.all("contacts", ["email"]).map((record) => record.id));
  });

  test("ids have 11, 12 and 19 digits, and two of them are one double", async () => {
    const ids = (await listAll(sandbox)).map((record) => record.id);
    expect(new Set(ids.map((id) => id.length))).toEqual(new Set([11, 12, 19]));
    expect(new Set(ids.map(Number)).size).toBeLessThan(ids.length);
    expect(ids.every((id) => BigInt(id) > 2n ** 31n)).toBe(true);
  });

  test("gives ten records with the default properties when nothing is asked for", async () => {
    const { body } = await call(sandbox, "/crm/v3/objects/contacts");
    expect(body.results).toHaveLength(10);
    expect(Object.keys(body.results[0]?.properties ?? {}).toSorted()).toEqual([
      "createdate",
      "email",
      "firstname",
      "hs_object_id",
      "lastmodifieddate",
      "lastname",
    ]);
    const first = body.results[0];
    expect(first?.properties["hs_object_id"]).toBe(first?.id);
    expect(first).toMatchObject({
      archived: false,
      createdAt: first?.properties["createdate"],
      updatedAt: first?.properties["lastmodifieddate"],
    });
    expect(first?.createdAt).toMatch(/^2025-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test("deals have their own defaults, and 0-3 is their other name", async () => {
    const reply = await call(sandbox, "/crm/v3/objects/0-3?limit=100");
    const seen = new Set(reply.body.results.flatMap((record) => Object.keys(record.properties)));
    expect([...seen].toSorted()).toEqual([
      "amount",
      "closedate",
      "createdate",
      "dealname",
      "dealstage",
      "hs_lastmodifieddate",
      "hs_object_id",
      "pipeline",
    ]);
    expect((await call(sandbox, "/crm/v3/objects/deals?limit=100")).body.results).toEqual(reply.body.results);
    expect((await listAll(sandbox, "", "deals")).length).toBe(176);
  });

  test("the dated and the turned-round paths serve the same", async () => {
    const { body } = await call(sandbox, "/crm/v3/objects/0-1");
    for (const path of ["/crm/objects/2026-03/contacts", "/crm/objects/v3/contacts", "/crm/v3/objects/contacts"]) {
      expect((await call(sandbox, path)).body.results).toEqual(body.results);
    }
  });

  test("every value is a text; properties that are unset are absent; unknown ones are left out", async () => {
    const records = await listAll(sandbox, "&properties=price,phone,hs_is_unworked,no_such_property");
    const values = records.flatMap((record) => Object.values(record.properties));
    expect(values.every((value) => typeof value === "string")).toBe(true);
    expect(records.some((record) => !("price" in record.properties))).toBe(true);
    expect(
      records.every((record) => !("no_such_property" in record.properties) && "createdate" in record.properties),
    ).toBe(true);
    const prices = records.map((record) => record.properties["price"] ?? "");
    expect(prices.some((price) => /^\d+$/.test(price)) && prices.some((price) => /^\d+\.00$/.test(price))).toBe(true);
  });

  test.each(["101", "0", "-1", "ten", "1.5", ""])("limit=%s is a 400", async (limit) => {
    const reply = await call(sandbox, `/crm/v3/objects/contacts?limit=${limit}`);
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ status: "error", category: "VALIDATION_ERROR" });
  });

  test("an `after` that is not ours is a 400, and so is that of another type", async () => {
    const next = (await call(sandbox, "/crm/v3/objects/contacts")).body.paging?.next.after ?? "";
    expect(next).not.toMatch(/^\d+$/);
    for (const path of ["contacts?after=100", "contacts?after=%F0%9F%8F%A0", `deals?after=${next}`]) {
      expect((await call(sandbox, `/crm/v3/objects/${path}`)).status).toBe(400);
    }
  });

  test("the next link leads to the same page as the cursor", async () => {
    const first = await call(sandbox, "/crm/v3/objects/contacts?limit=3&properties=email,city");
    const { after, link = "" } = first.body.paging?.next ?? { after: "" };
    expect(link.startsWith(sandbox.url)).toBe(true);
    const byLink = await call(sandbox, link.slice(sandbox.url.length));
    expect(byLink.body).toEqual(
      (await call(sandbox, `/crm/v3/objects/contacts?limit=3&properties=email,city&after=${after}`)).body,
    );
    expect(byLink.body.results).toHaveLength(3);
  });

  test("what changes, comes and goes between two pages shifts nothing", async () => {
    const own = await startHubspotSandbox({ records: 40, limits: false });
    const before = own.all("contacts", []).map((record) => record.id);
    const first = await call(own, "/crm/v3/objects/contacts?limit=10");
    own.archive({ ids: before.slice(0, 5) });
    own.remove({ ids: before.slice(5, 6) });
    own.touch({ ids: before.slice(8, 12) });
    const second = await call(own, `/crm/v3/objects/contacts?limit=10&after=${first.body.paging?.next.after}`);
    expect(second.body.results.map((record) => record.id)).toEqual(before.slice(10, 20));
    await own.close();
  });

  test("archived records are on a list of their own", async () => {
    const own = await startHubspotSandbox({ records: 40, limits: false });
    const archived = own.archive({ count: 3 });
    const there = await listAll(own, "&archived=true");
    expect(there.map((record) => record.id).toSorted()).toEqual(archived.toSorted());
    expect(there.every((record) => record.archived && Date.parse(record.archivedAt ?? "") > Date.now() - 10_000)).toBe(
      true,
    );
    expect((await listAll(own)).length).toBe(37);
    own.restore({ ids: archived });
    expect((await listAll(own, "&archived=true")).length).toBe(0);
    expect((await listAll(own)).length).toBe(40);
    await own.close();
  });

  test("what it cannot serve it refuses", async () => {
    expect((await call(sandbox, "/crm/v3/objects/tickets")).body.message).toBe(
      "Unable to infer object type from: tickets",
    );
    expect((await call(sandbox, "/crm/v3/objects/contacts?associations=deals")).status).toBe(400);
    expect((await call(sandbox, "/crm/v3/nothing")).status).toBe(404);
    expect((await call(sandbox, "/crm/v3/objects/contacts", { json: {} })).status).toBe(405);
    expect((await call(sandbox, `/crm/v3/objects/contacts?properties=${"x".repeat(15_000)}`)).status).toBe(414);
  });
});

describe("reading by id", () => {
  test("gives one record, with null for what is unset", async () => {
    const id = sandbox.all("contacts", [])[1]?.id ?? "";
    const { body } = await call(sandbox, `/crm/v3/objects/contacts/${id}?properties=email,firstname`);
    expect(body).toMatchObject({ id, properties: { email: null, hs_object_id: id } });
    expect((await call(sandbox, "/crm/v3/objects/contacts/1")).status).toBe(404);
  });

  test("a batch is 200 when all are there and 207 with the ids that are not", async () => {
    const ids = sandbox
      .all("contacts", [])
      .slice(0, 3)
      .map((record) => record.id);
    const inputs = ids.map((id) => ({ id }));
    const whole = await call(sandbox, "/crm/v3/objects/contacts/batch/read", {
      json: { inputs, properties: ["email"] },
    });
    expect(whole.status).toBe(200);
    expect(whole.body).toMatchObject({ status: "COMPLETE" });
    expect(whole.body.results.map((record) => record.id)).toEqual(ids);
    const part = await call(sandbox, "/crm/v3/objects/contacts/batch/read", {
      json: { inputs: [...inputs, { id: "77" }], properties: ["email"] },
    });
    expect(part.status).toBe(207);
    expect(part.body.results).toHaveLength(3);
    expect(part.body).toMatchObject({
      numErrors: 1,
      errors: [{ category: "OBJECT_NOT_FOUND", context: { ids: ["77"] } }],
    });
  });

  test("a batch of 101 is a 400; by e-mail it finds what it finds", async () => {
    const inputs = Array.from({ length: 101 }, (_, index) => ({ id: String(index) }));
    expect((await call(sandbox, "/crm/v3/objects/contacts/batch/read", { json: { inputs } })).status).toBe(400);
    const person = sandbox
      .all("contacts", ["email"])
      .find((record) => record.properties["email"]?.endsWith("@example.org"));
    const byEmail = await call(sandbox, "/crm/v3/objects/contacts/batch/read", {
      json: { inputs: [{ id: person?.properties["email"] }], idProperty: "email" },
    });
    expect(byEmail.body.results.map((record) => record.id)).toEqual([person?.id]);
  });

  test("archived records are read with archived=true only", async () => {
    const own = await startHubspotSandbox({ records: 30, limits: false });
    const [id = ""] = own.archive();
    expect((await call(own, `/crm/v3/objects/contacts/${id}`)).status).toBe(404);
    expect((await call(own, `/crm/v3/objects/contacts/${id}?archived=true`)).body).toMatchObject({
      id,
      archived: true,
    });
    const batch = await call(own, "/crm/v3/objects/contacts/batch/read?archived=true", {
      json: { inputs: [{ id }], properties: ["firstname"] },
    });
    expect(batch.body.results.map((record) => record.id)).toEqual([id]);
    await own.close();
  });
});

test("the account answers for its owners, properties and quota", async () => {
  const owners = await call(sandbox, "/crm/v3/owners?limit=6");
  const rest = await call(sandbox, `/crm/v3/owners?after=${owners.body.paging?.next.after}`);
  expect(owners.body.results.length + rest.body.results.length).toBe(9);
  expect((await call(sandbox, "/crm/v3/owners?archived=true")).body.results).toHaveLength(1);
  const names = (await call(sandbox, "/crm/v3/properties/contacts")).body.results.map(
    (property) => (property as unknown as { name: string }).name,
  );
  expect(names.length).toBeGreaterThan(160);
  expect(names).toEqual(
    expect.arrayContaining(["lead_express_consent_upload_file_id", "hs_object_id", "hubspot_owner_id", "division_id"]),
  );
  expect((await call(sandbox, "/crm/v3/properties/contacts/nope")).status).toBe(404);
  expect((await call(sandbox, "/account-info/v3/api-usage/daily/private-apps")).status).toBe(200);
});

describe("the ugly ones", () => {
  test("stand at their places, in each block of 500", async () => {
    const records = await listAll(
      sandbox,
      `&properties=${[...new Set(uglyContacts.flatMap(({ values }) => Object.keys(values)))].join(",")}`,
    );
    expect(uglyContacts.length).toBe(20);
    for (const { place, values } of uglyContacts) {
      for (const at of [place, place + 500]) {
        const expected = Object.entries(values).map(([name, value]): [string, string | undefined] => [name, value]);
        expect(expected.map(([name]) => [name, records[at]?.properties[name]])).toEqual(expected);
      }
    }
  });

  test("a cleared field is the empty text in a list, in a read and in a search", async () => {
    const cleared = (await listAll(sandbox, "&properties=phone")).find((record) => record.properties["phone"] === "");
    expect(cleared?.properties["firstname"]).toBeUndefined();
    expect((await call(sandbox, `/crm/v3/objects/contacts/${cleared?.id}?properties=phone,city`)).body).toMatchObject({
      properties: { phone: "", city: "" },
    });
  });
});
