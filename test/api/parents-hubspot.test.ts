/** Associations, as spec-wise as they get: ids of contacts, a batch a call, nested pages, refused ids; against the sandbox. */
import { describe, expect, it, onTestFinished } from "vitest";
import { type HubspotSandboxOptions, startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { FatalError } from "../../src/errors.ts";
import type { Page } from "../../src/sources/contract.ts";
import { rejection } from "../http/server.ts";
import { openApi, readPages } from "./harness.ts";
import { answeredOf, fakeParents, parentCheckpoint, refusedOf } from "./parents-support.ts";

const associations = {
  slices: { by: "parent", pipeline: "hubspot.contacts", column: "id", changed: true, batch: 1000 },
  request: {
    method: "POST",
    path: "/crm/v4/associations/contacts/deals/batch/read",
    body: { inputs: "{{slice.inputs}}" },
  },
  records: "results",
  pagination: {
    type: "nested",
    over: "results",
    key: "from.id",
    cursor: "paging.next.after",
    send_as: "slice.inputs.after",
  },
  responses: [
    { when: "$status = 400 and category = 'VALIDATION_ERROR'", do: "split" },
    {
      when: "$status = 207 and numErrors = $count(errors[subCategory = 'crm.associations.NO_ASSOCIATIONS_FOUND'])",
      do: "ignore",
    },
  ],
};

interface OpenOptions extends HubspotSandboxOptions {
  batch?: number;
  over?: object;
  connection?: object;
}

async function open({ batch = 1000, over = {}, connection = {}, ...options }: OpenOptions) {
  const sandbox = await startHubspotSandbox({ limits: false, ...options });
  onTestFinished(() => sandbox.close());
  const ids = sandbox
    .all("contacts", [])
    .map(({ id }) => id)
    .sort((a, b) => Number(a) - Number(b));
  const rows = fakeParents(ids);
  const reopen = () =>
    openApi(
      sandbox.url,
      { ...associations, slices: { ...associations.slices, batch }, ...over },
      { connection: { auth: { type: "bearer", token: sandbox.token }, ...connection }, parents: rows.parents },
    );
  return { sandbox, ids, rows, reopen, ...(await reopen()) };
}

interface Association {
  from: { id: string };
  to: { toObjectId: string | number; associationTypes: { typeId: number }[] }[];
}

/** Pairs that a warehouse would hold. */
const pairsOf = (pages: readonly Page[]): string[] =>
  [
    ...new Set(
      pages.flatMap(({ records }) =>
        (records as Association[]).flatMap(({ from, to }) =>
          to.map((one) => `${from.id} ${one.toObjectId} ${one.associationTypes.map(({ typeId }) => typeId).join()}`),
        ),
      ),
    ),
  ].sort();

const truth = ({ sandbox }: Awaited<ReturnType<typeof open>>): string[] =>
  sandbox
    .associations("contacts", "deals")
    .map(({ fromId, toId, typeIds }) => `${fromId} ${toId} ${typeIds.join()}`)
    .sort();

describe("associations of HubSpot", () => {
  it("come whole: nested pages, 207 with those that have none, a thousand ids a call", async () => {
    const opened = await open({ records: 2500, deals: 3000, busyContactDeals: 1500 });
    const { source, ids, rows, sandbox } = opened;
    const pages = await readPages(source);
    expect(pairsOf(pages)).toEqual(truth(opened));
    expect(pairsOf(pages).length).toBeGreaterThan(3000);
    expect(answeredOf(pages)).toEqual(ids);
    expect(rows.queries).toEqual([{ pipeline: "hubspot.contacts", column: "id", changed: true, overlap: "15m" }]);
    // Three batches, and two more pages of the contact with 1,500 deals.
    expect(sandbox.stats().requests.length).toBe(5);
    expect(pages.filter(({ open: isOpen }) => isOpen)).toHaveLength(2);
    expect(pages.at(-1)).toEqual({ slice: "parents", records: [], last: true, bytes: 0 });
  });

  it("goes on after the last batch that is in whole, wherever a run was killed", async () => {
    const opened = await open({ records: 60, deals: 90, busyContactDeals: 40, associationsPageSize: 7, batch: 7 });
    const whole = await readPages(opened.source);
    expect(pairsOf(whole)).toEqual(truth(opened));
    for (let count = 0; count <= whole.length; count++) {
      const kept = whole.slice(0, count);
      const { source } = await opened.reopen();
      const rest = await readPages(source, { resume: parentCheckpoint(kept) });
      expect(pairsOf([...kept, ...rest])).toEqual(truth(opened));
      const answered = answeredOf([...kept, ...rest]);
      expect(answered).toEqual(opened.ids);
    }
  });

  it("lose nothing but the ids that are refused: halves are asked, down to the one", async () => {
    const opened = await open({ records: 1000, deals: 400, batch: 1000 });
    const bad = opened.sandbox.archive({ count: 3 }).sort((a, b) => Number(a) - Number(b));
    const pages = await readPages(opened.source);
    expect(refusedOf(pages)).toEqual(bad);
    expect(pages.flatMap(({ rejects = [] }) => rejects)[0]).toEqual({
      rule: "refused_id",
      message: `POST ${opened.sandbox.url}/crm/v4/associations/contacts/deals/batch/read answered 400: "One or more of the CONTACT ids are not valid."`,
      record: { id: bad[0] },
    });
    expect(answeredOf(pages)).toEqual(opened.ids.filter((id) => !bad.includes(id)));
    expect(pairsOf(pages)).toEqual(truth(opened));
    // Two for each level that a bad id is looked for on, at the most: not one for each id.
    expect(opened.sandbox.stats().requests.length).toBeLessThan(65);
  });

  it("ask for the single ones where a rule says lookup", async () => {
    const responses = [{ when: "$status = 400", do: "lookup" }, associations.responses[1]];
    const opened = await open({ records: 20, deals: 30, batch: 10, over: { responses } });
    const [bad] = opened.sandbox.archive({ ids: [opened.ids[3]!] });
    const pages = await readPages(opened.source);
    expect(refusedOf(pages)).toEqual([bad]);
    expect(answeredOf(pages)).toEqual(opened.ids.filter((id) => id !== bad));
    expect(pairsOf(pages)).toEqual(truth(opened));
    expect(opened.sandbox.stats().requests.length).toBe(1 + 10 + 1);
  });

  it("a contact that was merged answers under the id of the one it became, with pages and all", async () => {
    const opened = await open({ records: 30, deals: 60, busyContactDeals: 40, associationsPageSize: 5, batch: 30 });
    const busiest = truth(opened).map((pair) => pair.split(" ")[0]!);
    const busy = busiest.sort(
      (a, b) => busiest.filter((id) => id === b).length - busiest.filter((id) => id === a).length,
    )[0]!;
    const loser = opened.ids.find((id) => id !== busy)!;
    opened.sandbox.merge(busy, loser);
    const pages = await readPages(opened.source);
    expect(refusedOf(pages)).toEqual([]);
    expect(answeredOf(pages)).toEqual(opened.ids);
    expect(pairsOf(pages)).toEqual(truth(opened));
    // The other one is named where its records are, and is not answered for: it has a turn of its own.
    const alone = fakeParents([loser]);
    const { source } = await openApi(opened.sandbox.url, associations, {
      connection: { auth: { type: "bearer", token: opened.sandbox.token } },
      parents: alone.parents,
    });
    const own = await readPages(source);
    expect(pairsOf(own)).toEqual(truth(opened).filter((pair) => pair.startsWith(`${busy} `)));
    expect(
      own.slice(0, -1).every(({ sliceValue }) => JSON.stringify(sliceValue) === JSON.stringify({ ids: [loser, busy] })),
    ).toBe(true);
    expect(answeredOf(own)).toEqual([loser]);
  });

  it("a contact that lost its last deal is answered for, without a record", async () => {
    const opened = await open({ records: 40, deals: 30 });
    const [gone] = opened.sandbox.dissociate({ from: "contacts", to: "deals", last: true });
    const pages = await readPages(opened.source);
    expect(answeredOf(pages)).toContain(gone!.fromId);
    expect(pairsOf(pages).some((pair) => pair.startsWith(`${gone!.fromId} `))).toBe(false);
    expect(pairsOf(pages)).toEqual(truth(opened));
  });

  it("stop at a 207 that no rule looks at", async () => {
    const { source } = await open({ records: 40, deals: 30, over: { responses: [] } });
    const error = await rejection(readPages(source));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(
      /^slice parents \d+ to \d+: POST http.*batch\/read answered 207: a part of it failed: "No deal is associated with contact \d+\."\. Say in responses which of these are a success \(\{ when: \$status = 207 and …, do: ignore \}\) and what becomes of the rest$/,
    );
  });

  it("are checked by one call for one id, and forecast without a call", async () => {
    const opened = await open({ records: 2500, deals: 30 });
    expect(await opened.source.check!()).toMatch(/^20[07] in \d+ ms$/);
    expect(opened.sandbox.stats().requests.length).toBe(1);
    expect(opened.rows.blocks).toEqual([[undefined, 1]]);
    const forecast = await opened.source.forecast!({
      incremental: false,
      window: { since: { text: "" }, until: { text: "" }, observeClock: () => false },
      resume: {},
    });
    expect(forecast).toMatchObject({ calls: 3, slices: 3, asked: 0, request: { method: "POST" } });
    expect((forecast.request!.body as { inputs: unknown[] }).inputs).toHaveLength(1000);
    expect(opened.sandbox.stats().requests.length).toBe(1);
  });
});
