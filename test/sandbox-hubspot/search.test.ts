import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import type { HubspotSandbox, RecordJson } from "../../sandbox/hubspot/index.ts";
import { byIdAscending, call, idsWhere, search, searchByKeyset, where } from "./client.ts";

let sandbox: HubspotSandbox;
let all: RecordJson[];
beforeAll(async () => {
  sandbox = await startHubspotSandbox({ records: 180, limits: false });
  all = sandbox.all("contacts");
});
afterAll(() => sandbox.close());

/** The ids of the records for which this holds, in the order of ids. */
const ids = (holds: (properties: RecordJson["properties"], record: RecordJson) => boolean) =>
  all.filter((record) => holds(record.properties, record)).map((record) => record.id);

describe("operators", () => {
  const some = (name: string) => all.find((record) => record.properties[name])?.properties[name] ?? "";

  test("texts are equal whatever their case; NEQ wants a value", async () => {
    expect(await idsWhere(sandbox, "lastname", "EQ", "EXAMPLE")).toEqual(ids(({ lastname }) => lastname === "Example"));
    expect(await idsWhere(sandbox, "lastname", "NEQ", "Example")).toEqual(
      ids(({ lastname }) => Boolean(lastname) && lastname !== "Example"),
    );
  });

  test("instants compare with epoch milliseconds and with ISO texts", async () => {
    const middle = all[90]?.properties["lastmodifieddate"] ?? "";
    const modified = (holds: (value: string) => boolean) =>
      ids(({ lastmodifieddate }) => holds(lastmodifieddate ?? ""));
    for (const value of [middle, String(Date.parse(middle))]) {
      expect(await idsWhere(sandbox, "lastmodifieddate", "GTE", value)).toEqual(modified((one) => one >= middle));
      expect(await idsWhere(sandbox, "lastmodifieddate", "GT", value)).toEqual(modified((one) => one > middle));
      expect(await idsWhere(sandbox, "lastmodifieddate", "LT", value)).toEqual(modified((one) => one < middle));
      expect(await idsWhere(sandbox, "lastmodifieddate", "LTE", value)).toEqual(modified((one) => one <= middle));
      expect(await idsWhere(sandbox, "lastmodifieddate", "EQ", value)).toEqual(modified((one) => one === middle));
    }
    expect(await idsWhere(sandbox, "lastmodifieddate", "NEQ", middle)).toHaveLength(all.length - 1);
    const generated = some("lead_sourced_on");
    expect(await idsWhere(sandbox, "lead_sourced_on", "LTE", String(Date.parse(generated)))).toEqual(
      ids(({ lead_sourced_on }) => Boolean(lead_sourced_on) && (lead_sourced_on ?? "") <= generated),
    );
  });

  test("numbers compare as numbers, and BETWEEN has both ends", async () => {
    const visits = (holds: (value: number) => boolean) =>
      ids(({ hs_analytics_num_visits: text }) => Boolean(text) && holds(Number(text)));
    expect(await idsWhere(sandbox, "hs_analytics_num_visits", "GT", "9")).toEqual(visits((value) => value > 9));
    expect(await idsWhere(sandbox, "hs_analytics_num_visits", "BETWEEN", "5", { highValue: "12" })).toEqual(
      visits((value) => value >= 5 && value <= 12),
    );
    expect(await idsWhere(sandbox, "hs_analytics_num_visits", "EQ", "12.0")).toEqual(visits((value) => value === 12));
  });

  test("IN and NOT_IN take lists; those of texts must be in lower case", async () => {
    expect(await idsWhere(sandbox, "lifecyclestage", "IN", undefined, { values: ["lead", "customer"] })).toEqual(
      ids(({ lifecyclestage }) => ["lead", "customer"].includes(lifecyclestage ?? "")),
    );
    expect(await idsWhere(sandbox, "lifecyclestage", "NOT_IN", undefined, { values: ["lead"] })).toEqual(
      ids(({ lifecyclestage }) => Boolean(lifecyclestage) && lifecyclestage !== "lead"),
    );
    expect(await idsWhere(sandbox, "lastname", "IN", undefined, { values: ["sample"] })).toEqual(
      ids(({ lastname }) => lastname === "Sample"),
    );
    expect(await idsWhere(sandbox, "lastname", "IN", undefined, { values: ["Sample"] })).toEqual([]);
  });

  test("HAS_PROPERTY and its opposite share all records between them; a cleared field is no property", async () => {
    const has = await idsWhere(sandbox, "email", "HAS_PROPERTY");
    const hasNot = await idsWhere(sandbox, "email", "NOT_HAS_PROPERTY");
    expect(has).toEqual(ids(({ email }) => Boolean(email)));
    expect([...has, ...hasNot].toSorted()).toEqual(ids(() => true).toSorted());
    expect(hasNot).toContain(all[2]?.id);
  });

  test("tokens are whole words; a star stands for the rest", async () => {
    expect(await idsWhere(sandbox, "email", "CONTAINS_TOKEN", "*@example.org")).toEqual(
      ids(({ email }) => email?.endsWith("@example.org") ?? false),
    );
    expect(await idsWhere(sandbox, "lastname", "CONTAINS_TOKEN", "test")).toEqual(
      ids(({ lastname }) => lastname === "van der Test"),
    );
    expect(await idsWhere(sandbox, "lastname", "NOT_CONTAINS_TOKEN", "te*")).toEqual(
      ids(({ lastname }) => Boolean(lastname) && !["van der Test", "Testcase"].includes(lastname ?? "")),
    );
  });

  test("groups are OR, filters within one are AND", async () => {
    const body = {
      filterGroups: [
        {
          filters: [
            { propertyName: "state", operator: "EQ", value: "TX" },
            { propertyName: "lifecyclestage", operator: "EQ", value: "lead" },
          ],
        },
        { filters: [{ propertyName: "state", operator: "EQ", value: "IL" }] },
      ],
      limit: 200,
    };
    const reply = await search(sandbox, body);
    expect(reply.body.results.map((record) => record.id)).toEqual(
      ids(({ state, lifecyclestage }) => state === "IL" || (state === "TX" && lifecyclestage === "lead")),
    );
    expect(reply.body.total).toBe(reply.body.results.length);
  });

  test("query looks into the searched properties", async () => {
    const reply = await search(sandbox, { query: "specimen zoë", limit: 200 });
    expect(reply.body.results.map((record) => record.id)).toEqual(
      ids(({ firstname, lastname }) => firstname === "Zoë" && lastname === "Specimen"),
    );
    expect((await search(sandbox, { query: "no such person" })).body).toEqual({
      total: 0,
      results: [],
    });
  });
});

describe("the answer", () => {
  test("has null for unset properties, where the list has nothing, and the empty text for cleared ones", async () => {
    const found = (await search(sandbox, { properties: ["email", "phone", "no_such_property"], limit: 200 })).body
      .results;
    const byId = new Map(found.map((record) => [record.id, record.properties]));
    expect(byId.get(all[1]?.id ?? "")).toHaveProperty("email", null);
    expect(byId.get(all[2]?.id ?? "")).toHaveProperty("email", "");
    expect(
      found.every(
        (record) =>
          "email" in record.properties && "phone" in record.properties && !("no_such_property" in record.properties),
      ),
    ).toBe(true);
    const listed = (await call(sandbox, "/crm/v3/objects/contacts?properties=email")).body.results[1];
    expect(listed?.id).toBe(all[1]?.id);
    expect(listed?.properties).not.toHaveProperty("email");
  });

  test("counts after the filters and pages by an offset, ten a page and 200 at most", async () => {
    const first = await search(sandbox, where("lifecyclestage", "HAS_PROPERTY"));
    const total = ids(({ lifecyclestage }) => Boolean(lifecyclestage)).length;
    expect(first.body).toMatchObject({ total, paging: { next: { after: "10" } } });
    expect(first.body.results).toHaveLength(10);
    const last = await search(sandbox, {
      ...where("lifecyclestage", "HAS_PROPERTY"),
      after: String(total - 4),
    });
    expect(last.body.results).toHaveLength(4);
    expect(last.body.paging).toBeUndefined();
    expect((await search(sandbox, { limit: 200 })).status).toBe(200);
    expect((await search(sandbox, { limit: 201 })).status).toBe(400);
  });

  test("sorts by one property, up or down", async () => {
    const descending = await search(sandbox, {
      sorts: [{ propertyName: "lastmodifieddate", direction: "DESCENDING" }],
      limit: 200,
    });
    const instants = descending.body.results.map((record) => record.properties["lastmodifieddate"] ?? "");
    expect(instants).toEqual(instants.toSorted().toReversed());
    const names = await search(sandbox, {
      ...where("lastname", "HAS_PROPERTY"),
      sorts: [{ propertyName: "lastname", direction: "ASCENDING" }],
      limit: 200,
    });
    const sorted = names.body.results.map((record) => (record.properties["lastname"] ?? "").toLowerCase());
    expect(sorted).toEqual(sorted.toSorted());
    expect((await search(sandbox, { sorts: [...byIdAscending, ...byIdAscending] })).status).toBe(400);
  });

  test("never has archived records", async () => {
    const own = await startHubspotSandbox({ records: 30, limits: false });
    const [id = ""] = own.archive();
    expect((await search(own, { limit: 200 })).body.total).toBe(29);
    expect(await idsWhere(own, "hs_object_id", "EQ", id)).toEqual([]);
    own.restore({ ids: [id] });
    expect(await idsWhere(own, "hs_object_id", "EQ", id)).toEqual([id]);
    await own.close();
  });
});

describe("what is wrong is a 400", () => {
  const six = Array.from({ length: 6 }, () => ({ propertyName: "city", operator: "HAS_PROPERTY" }));
  test.each<[string, object]>([
    ["an empty value", where("email", "EQ", "")],
    ["a null value", where("email", "EQ", null)],
    ["no value", where("email", "EQ")],
    ["no values", where("email", "IN", undefined, { values: [] })],
    ["an empty one of the values", where("email", "IN", undefined, { values: ["a", ""] })],
    ["no upper end", where("num_notes", "BETWEEN", "1")],
    ["an unknown property", where("no_such_property", "EQ", "1")],
    ["an unknown operator", where("email", "LIKE", "1")],
    ["a text for an instant", where("lastmodifieddate", "GT", "yesterday")],
    ["a text for an id", where("hs_object_id", "GT", "abc")],
    ["an empty group", { filterGroups: [{ filters: [] }] }],
    ["seven filters in a group", { filterGroups: [{ filters: [...six, ...six.slice(0, 1)] }] }],
    ["six groups", { filterGroups: six.map((filter) => ({ filters: [filter] })) }],
    ["more than 18 filters", { filterGroups: [six, six, six, six.slice(0, 1)].map((filters) => ({ filters })) }],
    ["an after that is no number", { after: "abc" }],
    ["an unknown direction", { sorts: [{ propertyName: "email", direction: "UP" }] }],
    ["a list for the body", []],
  ])("%s", async (_, body) => {
    const reply = await search(sandbox, body);
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ status: "error", category: "VALIDATION_ERROR" });
  });

  test("text that is no JSON, and JSON that does not say so", async () => {
    const headers = {
      authorization: `Bearer ${sandbox.token}`,
      "content-type": "application/json",
    };
    const url = `${sandbox.url}/crm/v3/objects/contacts/search`;
    expect((await fetch(url, { method: "POST", headers, body: "{" })).status).toBe(400);
    expect(
      (
        await fetch(url, {
          method: "POST",
          headers: { ...headers, "content-type": "text/plain" },
          body: "{}",
        })
      ).status,
    ).toBe(415);
  });

  test("18 filters in three groups are allowed", async () => {
    expect((await search(sandbox, { filterGroups: [six, six, six].map((filters) => ({ filters })) })).status).toBe(200);
  });
});

describe("a live result", () => {
  const until = Date.now() - 1_000;
  const filters = [{ propertyName: "lastmodifieddate", operator: "LT", value: String(until) }];

  test("loses a record to whoever pages by offset while records are touched", async () => {
    const own = await startHubspotSandbox({ records: 60, limits: false });
    const expected = own.all("contacts", []).map((record) => record.id);
    const seen: string[] = [];
    for (let after = "0"; ;) {
      const { body } = await search(own, {
        filterGroups: [{ filters }],
        sorts: byIdAscending,
        limit: 20,
        after,
      });
      seen.push(...body.results.map((record) => record.id));
      if (!body.paging) break;
      after = body.paging.next.after;
      // The first one read is changed, so it no longer fits the filter: all others move up by one.
      if (seen.length === 20) own.touch({ ids: seen.slice(0, 1) });
    }
    expect(expected.filter((id) => !seen.includes(id))).toEqual([expected[20]]);
    await own.close();
  });

  test("loses none to whoever pages by the last id", async () => {
    const own = await startHubspotSandbox({ records: 900, limits: false });
    const expected = own.all("contacts", []).map((record) => record.id);
    const early = expected.slice(0, 150);
    const seen = await searchByKeyset(own, filters, () => own.touch({ ids: early.splice(0, 10) }));
    expect(seen).toEqual(expected);
    await own.close();
  });
});

test("no search reaches beyond its first 10,000 results, though it counts them all; a keyset does", async () => {
  const own = await startHubspotSandbox({ records: 10_400, limits: false });
  const edge = await search(own, { sorts: byIdAscending, limit: 200, after: "9800" });
  expect(edge.body.results).toHaveLength(200);
  expect(edge.body).toMatchObject({ total: 10_400, paging: { next: { after: "10000" } } });
  for (const body of [{ after: "10000" }, { after: "9801", limit: 200 }, { after: "9999", limit: 2 }]) {
    const beyond = await search(own, body);
    expect(beyond.status).toBe(400);
    expect(beyond.body.message).toContain("10000");
  }
  expect(await searchByKeyset(own, [])).toEqual(own.all("contacts", []).map((record) => record.id));
  await own.close();
});

describe("ids", () => {
  test.each(["number", "text"] as const)("compare as %s, in filters and in the sort alike", async (idsCompareAs) => {
    const own = await startHubspotSandbox({ records: 300, limits: false, idsCompareAs });
    const stored = own.all("contacts", []).map((record) => record.id);
    const inOrder = idsCompareAs === "number" ? stored : stored.toSorted();
    expect(inOrder).not.toEqual(idsCompareAs === "number" ? stored.toSorted() : stored);
    expect(await searchByKeyset(own, [])).toEqual(inOrder);
    const border = "100000000000";
    const above = await idsWhere(own, "hs_object_id", "GT", border);
    const numberWise = stored.filter((id) => BigInt(id) > BigInt(border)).length;
    expect(above.length === numberWise).toBe(idsCompareAs === "number");
    await own.close();
  });

  test("19 digits are told apart", async () => {
    expect(await idsWhere(sandbox, "hs_object_id", "GT", "9007199254740993001")).toEqual([
      "9007199254740993002",
      "9007199254740993003",
    ]);
    expect(await idsWhere(sandbox, "hs_object_id", "EQ", "9007199254740993002")).toEqual(["9007199254740993002"]);
  });
});

test("an index that lags shows the state of then: changes, new records and archived ones come late", async () => {
  let nowMs = Date.UTC(2026, 5, 1);
  const own = await startHubspotSandbox({
    records: 30,
    limits: false,
    indexLagMs: 5_000,
    now: () => new Date(nowMs),
  });
  const found = async () =>
    new Map(
      (await search(own, { properties: ["num_notes"], limit: 200 })).body.results.map((record) => [
        record.id,
        record.properties["num_notes"],
      ]),
    );
  const [touched = "", archived = ""] = own.all("contacts", []).map((record) => record.id);
  const before = await found();
  own.touch({ ids: [touched], properties: { num_notes: "77" } });
  own.archive({ ids: [archived] });
  const [created = ""] = own.create();
  expect(await found()).toEqual(before);
  expect(await idsWhere(own, "lastmodifieddate", "GTE", String(nowMs))).toEqual([]);
  expect((await call(own, `/crm/v3/objects/contacts/${touched}?properties=num_notes`)).body).toMatchObject({
    properties: { num_notes: "77" },
  });
  nowMs += 3_000;
  own.touch({ ids: [touched], properties: { num_notes: "78" } });
  nowMs += 2_000;
  const between = await found();
  expect([between.get(touched), between.has(archived), between.has(created)]).toEqual(["77", false, true]);
  nowMs += 3_000;
  expect((await found()).get(touched)).toBe("78");
  await own.close();
});
