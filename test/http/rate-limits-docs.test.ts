/** The examples of docs/api-source.md about rate limits, as they stand there, each against a server that behaves so. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { loadConnectionFile } from "../../src/spec/load.ts";
import { projectOf } from "../../src/spec/find.ts";
import { openApi, readPages, recordsOf } from "../api/harness.ts";
import { clientTo, fakeTime, json, rejection, serve } from "./server.ts";

const page = readFileSync(new URL("../../docs/api-source.md", import.meta.url), "utf8");
const section = /^## Rate limits$[\s\S]*?(?=^## |$(?![\s\S]))/m.exec(page)?.[0] ?? "";
const blocks = [...section.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml]) => yaml as string);

interface Example {
  connection: string;
  rate_limits: object[];
  responses?: object[];
}

const examples = blocks
  .map((yaml) => ({ yaml, ...(parse(yaml) as Example) }))
  .filter(({ rate_limits }) => rate_limits !== undefined);
const limitsOf = (name: string): object[] => examples.find(({ connection }) => connection === name)!.rate_limits;

it.each(examples)("$connection: `etl validate` takes it", ({ yaml }) => {
  const folder = mkdtempSync(join(tmpdir(), "etl-limits-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "connection.yml"), yaml);
  const project = projectOf([folder], { variables: { values: { CALLRAIL_API_KEY: "k" }, secrets: new Set() } });
  expect(loadConnectionFile(join(folder, "connection.yml"), project).problems).toEqual([]);
});

it("there are as many examples as tests below", () => {
  expect(examples.map(({ connection }) => connection)).toEqual(["callrail", "salesforce", "pipedrive", "hubspot"]);
  expect(blocks).toHaveLength(5);
});

describe("run", () => {
  it("callrail: a thousand an hour and nine thousand a day, in no time by a clock of its own", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const time = fakeTime();
    const began = time.now();
    const { client, metrics } = clientTo(server.url, { connection: { rate_limits: limitsOf("callrail") }, time });
    const at: number[] = [];
    const send = async () => {
      await client.text({ method: "GET", url: server.url });
      at.push(time.now() - began);
    };
    for (let count = 0; count < 2_600; count++) await send();
    const hour = 3_600_000;
    const busiest = Math.max(...at.map((from, index) => at.slice(index).filter((other) => other < from + hour).length));
    expect(busiest).toBeLessThanOrEqual(1_000);
    expect(busiest).toBeGreaterThan(950);
    expect(metrics.quotaUsed).toEqual({
      "1000 per 1h": { charged: 2_600, limit: 1_000 },
      "10000 per 1d": { charged: 2_600, limit: 10_000, used: 2_600 },
    });
  });

  it("salesforce: stops at four fifths of what everybody may use", async () => {
    let used = 11_998;
    const server = await serve((_request, response) =>
      json(response, {}, { headers: { "Sforce-Limit-Info": `api-usage=${++used}/15000` } }),
    );
    const { client } = clientTo(server.url, { connection: { rate_limits: limitsOf("salesforce") } });
    const get = () => client.text({ method: "GET", url: server.url });
    await get();
    await get();
    expect((await rejection(get())).message).toContain(
      "12,000 of 15,000 requests are used, the system says, and 3,000",
    );
    expect(server.seen).toHaveLength(2);
  });

  it("pipedrive: two lists at their prices, within 80 tokens in two seconds", async () => {
    const prices: Record<string, number> = { "/api/v2/deals": 10, "/api/v2/deals/archived": 20 };
    const sent: { at: number; price: number }[] = [];
    const server = await serve(({ path, query, at }, response) => {
      sent.push({ at, price: prices[path]! });
      const number = Number(query.get("cursor") ?? 0);
      json(response, {
        data: [{ id: `${path} ${number}` }],
        additional_data: { next_cursor: number < 4 ? String(number + 1) : null },
      });
    });
    const { source } = parse(blocks.find((yaml) => yaml.startsWith("source:"))!) as { source: object };
    const opened = await openApi(
      server.url,
      { ...source, connection: "test" },
      { connection: { rate_limits: limitsOf("pipedrive") } },
    );
    const records = recordsOf(await readPages(opened.source));
    expect(records).toHaveLength(10);
    const within = (from: number) => sent.filter(({ at }) => at >= from && at < from + 2_000);
    const dearest = Math.max(...sent.map(({ at }) => within(at).reduce((sum, { price }) => sum + price, 0)));
    expect(dearest).toBeLessThanOrEqual(80);
    expect(opened.metrics.quotaUsed).toMatchObject({
      "80 cost per 2s": { charged: 150 },
      "150000 cost per 1d": { charged: 150, limit: 150_000, used: 150 },
    });
  });

  it("hubspot: a 429 without Retry-After is waited for as long as its window", async () => {
    const server = await serve((_request, response, index) =>
      index === 0
        ? json(response, { status: "error", policyName: "SECONDLY" }, { status: 429 })
        : json(response, { items: [{ id: 1 }] }),
    );
    const { responses, rate_limits } = examples.find(({ connection }) => connection === "hubspot")!;
    const { source, metrics } = await openApi(server.url, {}, { connection: { responses, rate_limits } });
    expect(recordsOf(await readPages(source))).toEqual([{ id: 1 }]);
    expect(server.seen[1]!.at - server.seen[0]!.at).toBeGreaterThanOrEqual(990);
    expect(server.seen[1]!.at - server.seen[0]!.at).toBeLessThan(3_000);
    expect(metrics).toMatchObject({ retries: 1, recovered: 1 });
  });
});
