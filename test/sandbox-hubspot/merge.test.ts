import { describe, expect, test } from "vitest";
import type { HubspotSandbox, HubspotSandboxOptions } from "../../sandbox/hubspot/index.ts";
import { call, listAll, readPairs, search, using, where } from "./client.ts";

const atMs = Date.UTC(2026, 3, 1, 12);
const now = () => new Date(atMs);
const merged = (options: HubspotSandboxOptions, act: (own: HubspotSandbox, ids: string[]) => Promise<void>) =>
  using({ records: 100, limits: false, now, ...options }, async (own) => {
    await act(
      own,
      own.all("contacts", []).map((record) => record.id),
    );
  });
const post = (own: HubspotSandbox, json: unknown, type = "contacts") =>
  call(own, `/crm/v3/objects/${type}/merge`, { json });

describe("two contacts that are merged", () => {
  test("the loser is gone from lists, search and the archived; its id gives the winner", () =>
    merged({}, async (own, [winner = "", loser = ""]) => {
      expect((await post(own, { primaryObjectId: winner, objectIdToMerge: loser })).body).toMatchObject({ id: winner });
      const listed = (await listAll(own)).map((record) => record.id);
      expect([listed.length, listed.includes(loser), listed.includes(winner)]).toEqual([99, false, true]);
      expect(await listAll(own, "&archived=true")).toEqual([]);
      expect((await search(own, where("hs_object_id", "EQ", loser))).body.total).toBe(0);
      expect(own.all("contacts", []).some((record) => record.id === loser)).toBe(false);
      for (const id of [winner, loser]) {
        const { status, body } = await call(own, `/crm/v3/objects/contacts/${id}?properties=email`);
        expect([status, body["id"]]).toEqual([200, winner]);
      }
      const batch = await call(own, "/crm/v3/objects/contacts/batch/read", { json: { inputs: [{ id: loser }] } });
      expect([batch.status, batch.body.results.map((record) => record.id)]).toEqual([200, [winner]]);
      const both = await call(own, "/crm/v3/objects/contacts/batch/read", {
        json: { inputs: [{ id: loser }, { id: winner }] },
      });
      expect(both.body.results.map((record) => record.id)).toEqual([winner]);
    }));

  test("the winner says whom it took in, and when, and counts as changed", () =>
    merged({}, async (own, [first = "", second = "", third = "", fourth = ""]) => {
      expect(own.merge(first, second)).toBe(first);
      own.merge(third, fourth);
      own.merge(first, third);
      const { properties } = own.all("contacts").find((record) => record.id === first) ?? {};
      expect(properties).toMatchObject({
        hs_merged_object_ids: `${second};${third};${fourth}`,
        hs_calculated_merged_vids: `${second}:${atMs};${third}:${atMs}`,
        lastmodifieddate: now().toISOString(),
      });
      // By way of the third one.
      expect((await call(own, `/crm/v3/objects/contacts/${fourth}`)).body["id"]).toBe(first);
      const changed = await search(own, where("lastmodifieddate", "GTE", String(atMs)));
      expect(changed.body.results.map((record) => record.id)).toEqual([first]);
      expect((await search(own, where("hs_merged_object_ids", "HAS_PROPERTY"))).body.total).toBe(1);
    }));

  test("values of the winner stay, and what it lacks comes from the loser", () =>
    merged({}, async (own, [winner = "", loser = ""]) => {
      own.touch({ ids: [winner], properties: { city: "Kept", jobtitle: "" } });
      own.touch({ ids: [loser], properties: { city: "Lost", jobtitle: "Taken" } });
      own.merge(winner, loser);
      const { body } = await call(own, `/crm/v3/objects/contacts/${loser}?properties=city,jobtitle`);
      expect(body).toMatchObject({ id: winner, properties: { city: "Kept", jobtitle: "Taken" } });
    }));

  test("associations move to the winner, and none is there twice", () =>
    merged({ records: 300 }, async (own) => {
      const before = Map.groupBy(own.associations("contacts", "deals"), (pair) => pair.fromId);
      const [winner = "", loser = ""] = before.keys();
      const deals = [winner, loser].flatMap((id) => before.get(id)?.map((pair) => pair.toId) ?? []);
      own.associate({ from: "contacts", to: "deals", pairs: [[loser, before.get(winner)?.[0]?.toId ?? ""]] });
      const divisions = own
        .associations("contacts", "divisions")
        .filter((pair) => pair.fromId === winner || pair.fromId === loser)
        .map((pair) => pair.toId);
      own.merge(winner, loser);
      const toOf = (to: "deals" | "divisions") =>
        own
          .associations("contacts", to)
          .filter((pair) => pair.fromId === winner)
          .map((pair) => pair.toId)
          .toSorted();
      expect(toOf("deals")).toEqual([...new Set(deals)].toSorted());
      expect(toOf("divisions")).toEqual([...new Set(divisions)].toSorted());
      expect(own.associations("deals", "contacts").some((pair) => pair.toId === loser)).toBe(false);
      const byLoser = await readPairs(own, "contacts/deals", [{ id: loser }]);
      expect([byLoser.results[0]?.from.id, byLoser.results[0]?.to.length]).toEqual([winner, new Set(deals).size]);
    }));

  test("a search behind the others still finds the loser", () =>
    using({ records: 50, limits: false, indexLagMs: 60_000 }, async (own) => {
      const [winner = "", loser = ""] = own.all("contacts", []).map((record) => record.id);
      own.merge(winner, loser);
      expect((await search(own, where("hs_object_id", "EQ", loser))).body.total).toBe(1);
      expect((await listAll(own)).some((record) => record.id === loser)).toBe(false);
    }));

  test("what cannot be merged is refused", () =>
    merged({}, async (own, [one = "", two = "", three = ""]) => {
      own.archive({ ids: [three] });
      expect((await post(own, { primaryObjectId: one, objectIdToMerge: one })).status).toBe(400);
      expect((await post(own, { primaryObjectId: one })).status).toBe(400);
      expect((await post(own, { primaryObjectId: one, objectIdToMerge: "77" })).status).toBe(404);
      expect((await post(own, { primaryObjectId: one, objectIdToMerge: three })).status).toBe(404);
      expect(() => own.merge(one, three)).toThrow(RangeError);
      own.merge(one, two);
      expect((await post(own, { primaryObjectId: one, objectIdToMerge: two })).status).toBe(404);
      expect(own.all("contacts", [])).toHaveLength(99);
    }));
});

describe("merged into a new record", () => {
  test("both are gone, and both ids give the new one with the primary one's values", () =>
    merged({ mergesInto: "new record", records: 300 }, async (own) => {
      const before = Map.groupBy(own.associations("contacts", "deals"), (pair) => pair.fromId);
      const [first = "", second = ""] = before.keys();
      const was = own.all("contacts").find((record) => record.id === first);
      const id = own.merge(first, second);
      expect([first, second]).not.toContain(id);
      const now_ = own.all("contacts").find((record) => record.id === id);
      const { hs_object_id: _, lastmodifieddate: __, createdate: ___, ...kept } = was?.properties ?? {};
      const filled = Object.entries(kept).filter(([, value]) => value !== "");
      expect(now_?.properties).toMatchObject(Object.fromEntries(filled));
      expect(now_?.properties).toMatchObject({
        hs_merged_object_ids: `${first};${second}`,
        hs_calculated_merged_vids: `${first}:${atMs};${second}:${atMs}`,
      });
      for (const old of [first, second])
        expect((await call(own, `/crm/v3/objects/contacts/${old}`)).body["id"]).toBe(id);
      expect(await listAll(own)).toHaveLength(299);
      const deals = new Set([first, second].flatMap((old) => before.get(old)?.map((pair) => pair.toId) ?? []));
      const after = own.associations("contacts", "deals").filter((pair) => pair.fromId === id);
      expect(after.map((pair) => pair.toId).toSorted()).toEqual([...deals].toSorted());
    }));

  test("other types merge too, over the API and the control endpoints", () =>
    merged({ mergesInto: "new record" }, async (own) => {
      const [one, two, three, four] = own.all("deals", []).map((record) => record.id);
      expect((await post(own, { primaryObjectId: one, objectIdToMerge: two }, "deals")).status).toBe(200);
      const json = { type: "deals", primaryId: three, loserId: four };
      expect((await call(own, "/__sandbox/merge", { json })).status).toBe(200);
      expect(await listAll(own, "", "deals")).toHaveLength(31);
    }));
});
