import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import type { AssociatedPair, HubspotSandbox, ObjectTypeName } from "../../sandbox/hubspot/index.ts";
import { call, readAllPairs, readPairs, using } from "./client.ts";
import type { AssociatedTo } from "./client.ts";

let sandbox: HubspotSandbox;
beforeAll(async () => {
  sandbox = await startHubspotSandbox({ records: 3_000, deals: 4_000, limits: false });
});
afterAll(() => sandbox.close());

const idsOf = (own: HubspotSandbox, type: ObjectTypeName) => own.all(type, []).map((record) => record.id);
const shown = ({ fromId, toId, typeIds }: AssociatedPair) => `${fromId}/${toId}/${typeIds.join()}`;
const dealsOf = (own: HubspotSandbox) => Map.groupBy(own.associations("contacts", "deals"), (pair) => pair.fromId);
const busyOf = (own: HubspotSandbox) =>
  [...dealsOf(own)].toSorted(([, left], [, right]) => right.length - left.length)[0] ?? ["", []];

describe("batch read", () => {
  test.each<[ObjectTypeName, ObjectTypeName, string]>([
    ["contacts", "deals", "contacts/deals"],
    ["deals", "contacts", "0-3/0-1"],
    ["appointments", "contacts", "0-421/contacts"],
    ["contacts", "appointments", "contact/appointment"],
    ["contacts", "divisions", "contacts/2-37778609"],
    ["divisions", "contacts", "p4242_division/0-1"],
  ])("%s to %s: all of them, as the sandbox holds them", async (from, to, path) => {
    const ids = idsOf(sandbox, from);
    const expected = sandbox.associations(from, to);
    const read = await readAllPairs(sandbox, path, ids);
    expect(read.pairs.toSorted()).toEqual(expected.map(shown).toSorted());
    expect(new Set(read.pairs).size).toBe(read.pairs.length);
    const withAny = new Set(expected.map((pair) => pair.fromId));
    expect(read.empty.toSorted()).toEqual(ids.filter((id) => !withAny.has(id)).toSorted());
    const turned = sandbox.associations(to, from).map(({ fromId, toId }) => `${toId}/${fromId}`);
    expect(turned.toSorted()).toEqual(expected.map(({ fromId, toId }) => `${fromId}/${toId}`).toSorted());
  });

  test("says what each association is, in the direction that was asked for", async () => {
    const typed = (pairs: AssociatedPair[]) => new Set(pairs.map((pair) => pair.typeIds.join()));
    expect(typed(sandbox.associations("contacts", "deals"))).toEqual(new Set(["4", "4,31"]));
    expect(typed(sandbox.associations("deals", "contacts"))).toEqual(new Set(["3", "3,32"]));
    expect(typed(sandbox.associations("appointments", "contacts"))).toEqual(new Set(["906"]));
    expect(typed(sandbox.associations("contacts", "divisions"))).toEqual(new Set(["61", "61,63"]));
    const labelled = sandbox.associations("contacts", "deals").find((pair) => pair.typeIds.length === 2);
    const { results } = await readPairs(sandbox, "contacts/deals", [{ id: labelled?.fromId ?? "" }]);
    expect(results[0]?.to.find((one) => String(one.toObjectId) === labelled?.toId)?.associationTypes).toEqual([
      { category: "HUBSPOT_DEFINED", typeId: 4, label: null },
      { category: "USER_DEFINED", typeId: 31, label: "Homeowner" },
    ]);
    expect((await call(sandbox, "/crm/v4/associations/contacts/deals/labels")).body.results).toHaveLength(2);
  });

  test("gives ids as numbers and as texts, but none that a double would change", async () => {
    const ids = idsOf(sandbox, "contacts").slice(0, 1_000);
    const { results } = await readPairs(
      sandbox,
      "contacts/deals",
      ids.map((id) => ({ id })),
    );
    const given = results.flatMap((one) => one.to.map(({ toObjectId }) => toObjectId));
    expect(new Set(given.map((id) => typeof id))).toEqual(new Set(["number", "string"]));
    const long = "9007199254740993002";
    expect(idsOf(sandbox, "deals")).toContain(long);
    await using({ records: 30, deals: 30, limits: false }, async (own) => {
      const contact = idsOf(own, "contacts")[0] ?? "";
      own.associate({ from: "contacts", to: "deals", pairs: [[contact, long]] });
      const read = await readPairs(own, "contacts/deals", [{ id: contact }]);
      expect(read.results[0]?.to.map((one) => one.toObjectId)).toContain(long);
    });
  });

  test("a record without associations stands under errors, and the answer is a 207", async () => {
    const withDeals = dealsOf(sandbox);
    const none = idsOf(sandbox, "contacts").find((id) => !withDeals.has(id)) ?? "";
    const [some = ""] = withDeals.keys();
    const { status, results, errors, body } = await readPairs(sandbox, "contacts/deals", [{ id: none }, { id: some }]);
    expect(status).toBe(207);
    expect(body).toMatchObject({ status: "COMPLETE", numErrors: 1 });
    expect(results.map((one) => one.from.id)).toEqual([some]);
    expect(errors).toEqual([
      {
        status: "error",
        category: "OBJECT_NOT_FOUND",
        subCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
        message: `No deal is associated with contact ${none}.`,
        context: { fromObjectId: [none], fromObjectType: ["contact"], toObjectType: ["deal"] },
      },
    ]);
    const whole = await readPairs(sandbox, "contacts/deals", [{ id: some }]);
    expect([whole.status, "errors" in whole.body, "numErrors" in whole.body]).toEqual([200, false, false]);
  });

  test("one contact has 1,500 deals: three pages of its own, while others in the batch have one", async () => {
    const [busy, deals] = busyOf(sandbox);
    expect(deals).toHaveLength(1_500);
    const other = [...dealsOf(sandbox)].find(([id]) => id !== busy)?.[0] ?? "";
    const first = await readPairs(sandbox, "contacts/deals", [{ id: busy }, { id: other }]);
    expect(first.results.map((one) => [one.to.length > 400, one.paging !== undefined])).toEqual([
      [true, true],
      [false, false],
    ]);
    expect(first.body.paging).toBeUndefined();
    const seen = first.results[0]?.to.map((one) => String(one.toObjectId)) ?? [];
    let after = first.results[0]?.paging?.next.after;
    let pages = 1;
    for (; after !== undefined; pages++) {
      const next = await readPairs(sandbox, "contacts/deals", [{ id: busy, after }]);
      seen.push(...(next.results[0]?.to.map((one) => String(one.toObjectId)) ?? []));
      after = next.results[0]?.paging?.next.after;
    }
    expect(pages).toBe(3);
    expect(seen.toSorted()).toEqual(deals.map((pair) => pair.toId).toSorted());
  });

  test("the page size is an option; what goes meanwhile shifts nothing", () =>
    using({ records: 50, deals: 60, busyContactDeals: 40, associationsPageSize: 10, limits: false }, async (own) => {
      const [busy, deals] = busyOf(own);
      const first = await readPairs(own, "contacts/deals", [{ id: busy }]);
      expect(first.results[0]?.to).toHaveLength(10);
      own.dissociate({ from: "contacts", to: "deals", pairs: [[busy, deals[0]?.toId ?? ""]] });
      const after = first.results[0]?.paging?.next.after ?? "";
      const second = await readPairs(own, "contacts/deals", [{ id: busy, after }]);
      expect(second.results[0]?.to.map((one) => String(one.toObjectId))).toEqual(
        deals.slice(10, 20).map((pair) => pair.toId),
      );
      own.dissociate({ from: "contacts", to: "deals", pairs: deals.slice(10).map(({ toId }) => [busy, toId]) });
      const rest = await readPairs(own, "contacts/deals", [{ id: busy, after }]);
      expect([rest.status, rest.results[0]?.to, rest.results[0]?.paging]).toEqual([200, [], undefined]);
      expect((await readPairs(own, "contacts/deals", [{ id: busy, after: "MTA" }])).status).toBe(400);
    }));

  test("one bad id fails the batch, whatever is bad about it", () =>
    using({ records: 50, limits: false }, async (own) => {
      const ids = idsOf(own, "contacts");
      const [archived = ""] = own.archive({ ids: [ids[0] ?? ""] });
      const [removed = ""] = own.remove({ ids: [ids[1] ?? ""] });
      const good = ids.slice(2).map((id) => ({ id }));
      for (const id of [archived, removed, "77", "x", ""]) {
        const { status, body } = await readPairs(own, "contacts/deals", [...good, { id }]);
        expect([status, body.category, body["results"]]).toEqual([400, "VALIDATION_ERROR", undefined]);
      }
      expect((await readPairs(own, "contacts/deals", good)).status).toBe(207);
    }));

  test("takes 1,000 ids and no more; none is asked for twice", async () => {
    const inputs = idsOf(sandbox, "contacts").map((id) => ({ id }));
    expect((await readPairs(sandbox, "contacts/deals", inputs.slice(0, 1_000))).status).toBe(207);
    expect((await readPairs(sandbox, "contacts/deals", inputs.slice(0, 1_001))).body.message).toContain("1000");
    const [twice = { id: "" }] = inputs;
    const { results, errors } = await readPairs(sandbox, "contacts/2-37778609", [twice, twice]);
    expect(results.length + errors.length).toBe(1);
    expect((await call(sandbox, "/crm/v4/associations/contacts/deals/batch/read", { json: {} })).status).toBe(400);
  });

  test("types that are not associated are a 404, types that are none a 400", async () => {
    expect((await readPairs(sandbox, "deals/2-37778609", [])).status).toBe(404);
    expect((await readPairs(sandbox, "contacts/2-42119425", [])).body.category).toBe("OBJECT_NOT_FOUND");
    expect((await readPairs(sandbox, "contacts/tickets", [])).status).toBe(400);
  });

  test("the dated path answers the same", async () => {
    const inputs = idsOf(sandbox, "contacts")
      .slice(0, 50)
      .map((id) => ({ id }));
    const { results } = await readPairs(sandbox, "contacts/deals", inputs);
    const dated = await call(sandbox, "/crm/associations/2026-03/contacts/deals/batch/read", { json: { inputs } });
    expect(dated.body.results).toEqual(results);
    expect(sandbox.stats().byRoute["associations contacts/deals"]).toBeGreaterThan(1);
  });
});

describe("reading those of one record", () => {
  const path = (id: string, query = "") => `/crm/v4/objects/contacts/${id}/associations/deals${query}`;

  test("gives pages of up to 500, and an empty list where there are none", async () => {
    const [busy, deals] = busyOf(sandbox);
    const seen: string[] = [];
    let calls = 0;
    for (let after = ""; ; calls++) {
      const { body } = await call(sandbox, path(busy, `?limit=400${after && `&after=${after}`}`));
      seen.push(...(body.results as unknown as AssociatedTo[]).map((one) => String(one.toObjectId)));
      if (!body.paging) break;
      after = body.paging.next.after;
    }
    expect([calls, seen]).toEqual([3, deals.map((pair) => pair.toId)]);
    expect((await call(sandbox, path(busy))).body.results).toHaveLength(500);
    expect((await call(sandbox, path(busy, "?limit=501"))).status).toBe(400);
    const none = idsOf(sandbox, "contacts").find((id) => !dealsOf(sandbox).has(id)) ?? "";
    const empty = await call(sandbox, path(none));
    expect([empty.status, empty.body.results]).toEqual([200, []]);
    expect((await call(sandbox, path("77"))).status).toBe(404);
    expect((await call(sandbox, path(busy).replace("/crm/v4/objects", "/crm/objects/2026-03"))).status).toBe(200);
  });
});

describe("changes", () => {
  const modified = (own: HubspotSandbox, type: ObjectTypeName, id: string) =>
    own.all(type, []).find((record) => record.id === id)?.updatedAt;

  test("a contact loses its last deal: it stands under errors then, and counts as changed", () =>
    using({ records: 200, limits: false }, async (own) => {
      const [pair] = own.dissociate({ from: "contacts", to: "deals", last: true });
      const id = pair?.fromId ?? "";
      expect(own.associations("contacts", "deals").some((one) => one.fromId === id)).toBe(false);
      const { status, errors } = await readPairs(own, "contacts/deals", [{ id }]);
      expect([status, errors[0]?.subCategory]).toEqual([207, "crm.associations.NO_ASSOCIATIONS_FOUND"]);
      expect(Date.parse(modified(own, "contacts", id) ?? "")).toBeGreaterThan(Date.now() - 10_000);
      expect(() => own.dissociate({ from: "contacts", to: "deals", pairs: [[id, pair?.toId ?? ""]] })).toThrow(
        RangeError,
      );
    }));

  test("touch both ends, or neither: by option and by call", async () => {
    for (const touchOnAssociate of [true, false]) {
      await using({ records: 200, limits: false, touchOnAssociate }, async (own) => {
        const change = { from: "contacts", to: "divisions" } as const;
        const recent = (pair: AssociatedPair | undefined) =>
          [modified(own, "contacts", pair?.fromId ?? ""), modified(own, "divisions", pair?.toId ?? "")].map(
            (at) => Date.parse(at ?? "") > Date.now() - 60_000,
          );
        const [against] = own.associate({ ...change, touch: !touchOnAssociate });
        expect(recent(against)).toEqual([!touchOnAssociate, !touchOnAssociate]);
        const [usual] = own.dissociate(change);
        expect(recent(usual)[0]).toBe(touchOnAssociate);
      });
    }
  });

  test("labels change; the same ones again are no change", () =>
    using({ records: 200, limits: false }, async (own) => {
      const before = own.associations("contacts", "deals").find((pair) => pair.typeIds.length === 1);
      const pairs = [[before?.fromId ?? "", before?.toId ?? ""]] as const;
      const change = { from: "contacts", to: "deals", pairs, typeIds: [31] } as const;
      expect(own.associate(change)[0]?.typeIds).toEqual([4, 31]);
      expect(own.associations("deals", "contacts")).toContainEqual({
        fromId: before?.toId,
        toId: before?.fromId,
        typeIds: [3, 32],
      });
      const at = modified(own, "contacts", before?.fromId ?? "");
      await new Promise((resolve) => setTimeout(resolve, 5));
      own.associate(change);
      expect(modified(own, "contacts", before?.fromId ?? "")).toBe(at);
      expect(() => own.associate({ ...change, typeIds: [32] })).toThrow("no association type 32; known: 4, 31");
      expect(() => own.associations("deals", "divisions")).toThrow(RangeError);
    }));

  test("new records are associated, archived ones hide theirs until they are restored", () =>
    using({ records: 200, limits: false }, async (own) => {
      const [contact = ""] = own.create();
      const [one = "", two = ""] = own.create({ type: "deals", count: 2 });
      own.associate({
        from: "contacts",
        to: "deals",
        pairs: [
          [contact, one],
          [contact, two],
        ],
      });
      const read = async () => (await readAllPairs(own, "contacts/deals", [contact])).pairs;
      expect(await read()).toEqual([`${contact}/${one}/4`, `${contact}/${two}/4`]);
      own.archive({ type: "deals", ids: [one] });
      expect(await read()).toEqual([`${contact}/${two}/4`]);
      own.restore({ type: "deals", ids: [one] });
      own.remove({ type: "deals", ids: [two] });
      expect(await read()).toEqual([`${contact}/${one}/4`]);
      expect((await readPairs(own, "deals/contacts", [{ id: one }])).results[0]?.to).toHaveLength(1);
    }));

  test("the same seed gives the same associations, another seed others", async () => {
    const all = async (seed: number) => {
      let text = "";
      await using({ records: 300, seed, limits: false }, async (own) => {
        own.dissociate({ from: "contacts", to: "deals", count: 5 });
        own.associate({ from: "appointments", to: "contacts", count: 5 });
        text = JSON.stringify([
          own.associations("contacts", "deals"),
          own.associations("appointments", "contacts"),
          own.associations("contacts", "divisions"),
        ]);
      });
      return text;
    };
    expect((await all(1)) === (await all(1))).toBe(true);
    expect((await all(1)) === (await all(2))).toBe(false);
  });

  test("can be made over the control endpoints", () =>
    using({ records: 200, limits: false }, async (own) => {
      const control = (path: string, json?: unknown) => call(own, `/__sandbox/${path}`, json ? { json } : {});
      const { results } = (await control("dissociate", { from: "0-1", to: "deals", last: true })).body;
      expect(results).toHaveLength(1);
      const listed = (await control("associations/contacts/deals")).body.results;
      expect(listed).toEqual(own.associations("contacts", "deals"));
      expect((await control("associate", { from: "contacts", to: "divisions", cuont: 2 })).status).toBe(400);
      expect((await control("associations/contacts/genius_users")).status).toBe(400);
    }));
});
