/** kill -9 of a run that deletes: while it reads, and between the last record and the deletion. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startEtl, runsOf } from "../support/hubspot-project.ts";
import { warehouses } from "../support/warehouses.ts";
import { ThingsProject } from "./rules/things-project.ts";
import type { Ask } from "./rules/things-api.ts";

/** Two batches are committed before the last page is asked for. */
const count = 5_000;
const gone = [1, 17, 2_500, 4_999];

describe.each(warehouses)("kill -9 of a run that deletes from $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    project.api.things = Array.from({ length: count }, (_, index) => ({
      id: index + 1,
      name: `thing ${index + 1}`,
      updated_at: "2025-05-20T00:00:00Z",
    }));
    project.spec({
      source: { pagination: { size: 500, max_size: 500 } },
      deletes: {
        detect: "missing",
        max: 10,
        lookup: { request: { path: "/gone/{{lookup.key}}" }, batch: 1, gone: "$status = 404" },
      },
    });
    await project.run();
    // The processes go by the machine's clock, which is later than that of the first run.
    project.api.clock = () => undefined;
    project.api.things = project.api.things.filter(({ id }) => !gone.includes(Number(id)));
  });
  afterEach(() => project.close());

  const etl = () =>
    startEtl([
      "run",
      `${project.folder}/pipelines/things/items.yml`,
      "--full",
      "--warehouse",
      project.warehouse.address,
      "--output",
      "json",
    ]);
  const deleted = async (): Promise<number[]> =>
    (await project.query("select id from thing where deleted_at is not null order by id")).map(({ id }) => Number(id));

  const committed = async (): Promise<number> =>
    Number((await project.query("select records_processed as n from sync_history order by id desc limit 1"))[0]!["n"]);

  /** Kills the run once it asks for something that is never answered. */
  async function killAt(isThere: (ask: Ask) => boolean): Promise<void> {
    const running = etl();
    project.api.before = async (ask) => {
      if (!isThere(ask)) return undefined;
      // What was read before is being written at this moment.
      while ((await committed()) < 2_000) await sleep(5);
      running.process.kill("SIGKILL");
      return new Promise<undefined>(() => {});
    };
    expect((await running.ended).signal).toBe("SIGKILL");
    project.api.before = () => undefined;
    project.api.asks.length = 0;
  }

  it("in the middle of the read: the keys that were seen are seen still", async () => {
    await killAt(({ query }) => Number(query["after"]?.slice("after-".length)) > 4_400);
    expect(await deleted()).toEqual([]);
    const output = await etl().ended;
    const [resumed] = runsOf(output);
    expect(resumed).toMatchObject({
      status: "success",
      mode: "full",
      fetched: count - gone.length,
      deleted: gone.length,
    });
    expect(output.stderr).toContain("died without closing its history");
    const [first] = project.api.asks;
    expect(Number(first!.query["after"]!.slice("after-".length))).toBeGreaterThanOrEqual(2_000);
    expect(await deleted()).toEqual(gone);
    expect(await project.query("select * from sync_seen")).toEqual([]);
  }, 60_000);

  it("between the last record and the deletion: nothing is read again, and what is gone is deleted", async () => {
    await killAt(({ path }) => path === "/gone/2500");
    expect(await deleted()).toEqual([]);
    const [resumed, after] = runsOf(await etl().ended);
    expect(resumed).toMatchObject({
      status: "success",
      mode: "full",
      fetched: count - gone.length,
      deleted: gone.length,
    });
    expect(after).toMatchObject({ status: "success", mode: "incremental", deleted: 0 });
    const paths = project.api.asks.filter(({ query }) => query["since"] === undefined).map(({ path }) => path);
    expect(paths.filter((path) => path === "/things")).toEqual([]);
    expect(await deleted()).toEqual(gone);
    expect(await project.query("select * from sync_seen")).toEqual([]);
  }, 60_000);
});
