/** The source against the HubSpot sandbox, with the spec of design.md's section 4. */
import { describe, expect, it, onTestFinished } from "vitest";
import { type HubspotSandboxOptions, startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { FatalError } from "../../src/errors.ts";
import { rejection } from "../http/server.ts";
import { fixedWindow, openApi, readPages, readRequest, recordsOf } from "./harness.ts";

const contacts = {
  request: {
    path: "/crm/v3/objects/contacts",
    query: { limit: "{{page.size}}", properties: "{{join (mapped 'properties') ','}}" },
  },
  records: "results",
  pagination: { type: "cursor", cursor: "paging.next.after", send_as: "query.after", size: 100, max_size: 100 },
  incremental: {
    request: {
      method: "POST",
      path: "/crm/v3/objects/contacts/search",
      body: {
        filterGroups: [
          {
            filters: [
              { propertyName: "lastmodifieddate", operator: "GTE", value: "{{epochMs since}}" },
              { propertyName: "lastmodifieddate", operator: "LT", value: "{{epochMs until}}" },
              { propertyName: "hs_object_id", operator: "GT", value: "{{page.after}}" },
            ],
          },
        ],
        sorts: [{ propertyName: "hs_object_id", direction: "ASCENDING" }],
        properties: "{{mapped 'properties'}}",
        limit: "{{page.size}}",
      },
    },
    pagination: {
      type: "last_id",
      id: "id",
      first: "0",
      size: 200,
      max_size: 200,
      stop_when: "$not($exists(paging.next))",
      total: "total",
    },
  },
};

async function open(options: HubspotSandboxOptions, connection: object = {}) {
  const sandbox = await startHubspotSandbox({ limits: false, ...options });
  onTestFinished(() => sandbox.close());
  const mapped = (path: string): string[] => (path === "properties" ? ["email", "lastmodifieddate"] : []);
  const api = await openApi(sandbox.url, contacts, {
    connection: { auth: { type: "bearer", token: sandbox.token }, ...connection },
    mapped,
  });
  return { sandbox, ...api };
}

const idOf = (record: unknown): string => (record as { id: string }).id;
const everything = fixedWindow("1970-01-01T00:00:00.000000Z", "2100-01-01T00:00:00.000000Z");

describe("HubSpot", () => {
  it("lists every contact once", async () => {
    const { sandbox, source, metrics } = await open({ records: 1_234 });
    const pages = await readPages(source);
    const live = sandbox
      .all("contacts")
      .filter(({ archived }) => !archived)
      .map(idOf);
    expect(recordsOf(pages).map(idOf).sort()).toEqual(live.sort());
    expect(pages.every(({ last }, index) => last === (index === pages.length - 1))).toBe(true);
    expect(metrics.apiCalls).toBe(pages.length);
  });

  it.each(["number", "text"] as const)(
    "searches past the 10,000 cap, 12,000 of them on one instant, ids compared as %s",
    async (idsCompareAs) => {
      const { sandbox, source, metrics } = await open({ records: 13_000, oneTimestamp: 12_000, idsCompareAs });
      const pages = await readPages(source, { incremental: true, window: everything });
      const ids = recordsOf(pages).map(idOf);
      const live = sandbox
        .all("contacts")
        .filter(({ archived }) => !archived)
        .map(idOf);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.sort()).toEqual(live.sort());
      expect(pages.at(-1)!.completeness).toEqual({ total: live.length, distinct: live.length });
      expect(pages[0]!.expected).toBe(live.length);
      // The total is asked once more at the end.
      expect(metrics.apiCalls).toBe(pages.length + 1);
    },
  );

  it("loses nothing that stays in the window while records leave it", async () => {
    const until = new Date(Date.now() + 500).toISOString().replace("Z", "000Z");
    const { sandbox, source } = await open({ records: 2_000 });
    await new Promise((resolve) => setTimeout(resolve, 600));
    const read: unknown[] = [];
    const touched = new Set<string>();
    let completeness: unknown;
    for await (const page of source.read(
      readRequest({ incremental: true, window: fixedWindow("1970-01-01T00:00:00.000000Z", until) }),
    )) {
      if (page.restarted) read.length = 0;
      read.push(...page.records);
      // What is changed now leaves the filter `LT until`, and shifts whatever an offset would count.
      for (const id of sandbox.touch({ count: 20 })) touched.add(id);
      ({ completeness } = page);
    }
    const ids = new Set(read.map(idOf));
    const missing = sandbox
      .all("contacts")
      .filter((contact) => !contact.archived && !ids.has(contact.id) && !touched.has(contact.id));
    expect(missing).toEqual([]);
    expect(ids.size).toBe(read.length);
    expect(completeness).toMatchObject({ distinct: ids.size });
    expect((completeness as { total: number }).total).toBeLessThanOrEqual(ids.size);
  });

  it("goes on from a checkpoint", async () => {
    const { source } = await open({ records: 1_000 });
    const pages = await readPages(source, { incremental: true, window: everything });
    const position = JSON.parse(JSON.stringify(pages[1]!.position));
    const rest = await readPages(source, {
      incremental: true,
      window: everything,
      resume: { "": { position, done: false } },
    });
    expect([...pages.slice(0, 2), ...rest].flatMap(({ records }) => records.map(idOf))).toEqual(
      pages.flatMap(({ records }) => records.map(idOf)),
    );
    expect(rest.at(-1)!.completeness).toEqual(pages.at(-1)!.completeness);
  });

  it("keeps to the budgets that it knows", async () => {
    const rate_limits = [
      { requests: 190, per: "10s" },
      { requests: 4, per: "1s", match: { path: "/search$" } },
    ];
    const { sandbox, source, metrics } = await open({ records: 1_100, limits: {} }, { rate_limits });
    const startMs = performance.now();
    await readPages(source, { incremental: true, window: everything });
    const seconds = (performance.now() - startMs) / 1_000;
    expect(metrics).toMatchObject({ retries: 0, apiCalls: 7 });
    // Six pauses of 250 ms, less what the answers took: on a busy machine that is much of it.
    expect(seconds).toBeGreaterThan(1.4);
    expect(metrics.rateLimitWaitSeconds).toBeGreaterThan(0);
    expect(metrics.rateLimitWaitSeconds).toBeLessThan(seconds);
    expect(sandbox.stats().byStatus).toEqual({ "200": 7 });
    expect(sandbox.stats().maxPerSecond).toBeLessThanOrEqual(4);
  });

  it("says whose credentials were refused", async () => {
    const { source } = await open({ records: 10 }, { auth: { type: "bearer", token: "wrong" } });
    const error = await rejection(readPages(source));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(/^GET http:\S+ answered 401: ".*"\. Check the credentials of connection "test"\.$/);
  });

  it("comes through failing and broken answers", async () => {
    const { sandbox, source, metrics } = await open({ records: 500 });
    sandbox.addFault({ html: true, times: 1 });
    sandbox.addFault({ truncate: true, skip: 1, times: 1 });
    sandbox.addFault({ drop: true, skip: 3, times: 1 });
    sandbox.addFault({ status: 429, retryAfter: 0, skip: 4, times: 1 });
    const pages = await readPages(source);
    expect(recordsOf(pages)).toHaveLength(sandbox.all("contacts").filter(({ archived }) => !archived).length);
    expect(metrics).toMatchObject({ retries: 4 });
    expect(metrics.recovered).toBeGreaterThan(0);
  });
});
