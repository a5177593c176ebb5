/** Connections that are lost: the read waits, comes back and goes on, and the table is right. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProxy, type Proxy } from "./proxy.ts";
import { DatabaseRuns } from "./runs.ts";
import { servers, type TestDatabase } from "./servers.ts";
import { loadOne, openDatabase, readPages } from "./source.ts";

const rows = 6_000;
const retry = { attempts: 6, wait: "50ms", max_wait: "400ms" };

describe.each(servers.filter(({ skip, dialect }) => !skip && dialect !== "sqlite"))("$name", (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await server.open();
    await database.run(`CREATE TABLE thing (id INTEGER PRIMARY KEY, name VARCHAR(200))`);
    const values = Array.from({ length: rows }, (_, at) => `(${at + 1}, '${"x".repeat(100)} ${at + 1}')`);
    await database.run(`INSERT INTO thing VALUES ${values.join(",")}`);
  });
  afterAll(() => database.close());

  const through = async (): Promise<{ proxy: Proxy; connection: object }> => {
    const url = new URL(database.connection["url"] as string);
    const port = Number(url.port || (server.dialect === "mysql" ? 3306 : 5432));
    const proxy = await openProxy({ host: url.hostname, port });
    url.port = String(proxy.port);
    return { proxy, connection: { ...database.connection, url: url.href, retry } };
  };
  const keyset = { table: "thing", pagination: { type: "keyset", keys: ["id"], size: 1000 } };
  const ids = (pages: readonly { records: unknown[] }[]): number[] =>
    pages.flatMap(({ records }) => (records as { id: number }[]).map(({ id }) => id));
  const all = Array.from({ length: rows }, (_, at) => at + 1);

  it("cut again and again in the middle of a page: each row once, in order", async () => {
    const { proxy, connection } = await through();
    const { source, metrics } = await openDatabase(loadOne(connection, { source: keyset, columns: ["id", "name"] }));
    const pages = [];
    let next = 100_000;
    for await (const page of source.read({ incremental: false, window: windowNow(), resume: {} })) {
      pages.push(page);
      if (page.records.length > 0 && pages.length % 4 === 0 && next > 0) proxy.cutAfter((next -= 30_000));
    }
    expect(ids(pages)).toEqual(all);
    expect(proxy.cuts).toBeGreaterThanOrEqual(2);
    expect(metrics.retries).toBeGreaterThanOrEqual(2);
    expect(metrics.recovered).toBeGreaterThanOrEqual(1);
  });

  it("killed, and down for a while: the run waits, and its table is right", async () => {
    const { proxy, connection } = await through();
    const runs = await DatabaseRuns.open(connection, {
      source: { type: "database", connection: "shop", ...keyset },
      mapping: { id: { from: "id", type: "bigint" }, name: "name" },
      upsert: { keys: ["id"] },
      sink: { table: "thing" },
    });
    proxy.cutAfter(300_000, 600);
    const summary = await runs.run();
    expect(proxy.cuts).toBe(1);
    expect(summary).toMatchObject({ status: "success", fetched: rows, created: rows });
    expect(summary.retries).toBeGreaterThanOrEqual(1);
    expect(summary.lines.join("\n")).toMatch(
      /the connection could not be made or was lost: .*Trying again in .* \(attempt 2 of 6\)/,
    );
    expect((await runs.rows("count(*) AS n"))[0]).toEqual({ n: rows });
  });

  it("a query that cannot go on begins anew, and says so", async () => {
    const { proxy, connection } = await through();
    // More than all buffers on the way hold.
    const query = "SELECT id, REPEAT(name, 30) AS name FROM thing";
    const { source } = await openDatabase(loadOne(connection, { source: { query }, columns: ["id", "name"] }));
    const pages = [];
    for await (const page of source.read({ incremental: false, window: windowNow(), resume: {} })) {
      pages.push(page);
      if (pages.length === 1) proxy.cutAfter(0);
    }
    expect(proxy.cuts).toBe(1);
    const restart = pages.findIndex(({ restarted }) => restarted);
    expect(restart).toBeGreaterThan(0);
    expect(ids(pages.slice(restart)).toSorted((a, b) => a - b)).toEqual(all);
  });

  it("ended by an administrator: goes on", async () => {
    const { source } = await openDatabase(
      loadOne({ ...database.connection, retry }, { source: keyset, columns: ["id", "name"] }),
    );
    const pages = [];
    for await (const page of source.read({ incremental: false, window: windowNow(), resume: {} })) {
      pages.push(page);
      if (pages.length === 2) await database.run(endOthers[server.dialect as "mysql" | "postgres"]);
    }
    expect(ids(pages)).toEqual(all);
  });

  it("gone for good: gives up after the attempts, and says that the run can be resumed", async () => {
    const { proxy, connection } = await through();
    const pipeline = loadOne(
      { ...connection, retry: { attempts: 3, wait: "10ms" } },
      { source: keyset, columns: ["id", "name"] },
    );
    const { source } = await openDatabase(pipeline);
    proxy.cutAfter(200_000, 60_000);
    const read = readPages(source);
    await expect(read).rejects.toThrow(/was lost: .*, 3 times in a row; giving up\. The run can be resumed\./);
  });

  it("stopped while it waits for rows: at once", async () => {
    const { source, stop } = await openDatabase(
      loadOne(database.connection, {
        source: { query: sleeping[server.dialect as "mysql" | "postgres"] },
        columns: ["id"],
      }),
    );
    const begun = Date.now();
    setTimeout(() => stop.abort(new Error("stopped")), 200);
    await expect(readPages(source)).rejects.toThrow("stopped");
    expect(Date.now() - begun).toBeLessThan(5_000);
  });

  it("a statement that takes too long is ended by the server", async () => {
    const { source } = await openDatabase(
      loadOne(
        { ...database.connection, statement_timeout: "300ms" },
        { source: { query: sleeping[server.dialect as "mysql" | "postgres"] }, columns: ["id"] },
      ),
    );
    await expect(readPages(source)).rejects.toThrow(/longer than statement_timeout: .* Give it an index/);
  });

  it("a slow warehouse is nobody's time-out: the rows that wait are still there", async () => {
    const { source } = await openDatabase(
      loadOne({ ...database.connection, statement_timeout: "1s" }, { source: keyset, columns: ["id", "name"] }),
    );
    const pages = [];
    for await (const page of source.read({ incremental: false, window: windowNow(), resume: {} })) {
      pages.push(page);
      if (pages.length === 2) await new Promise((resolve) => setTimeout(resolve, 1_500));
    }
    expect(ids(pages)).toEqual(all);
  });
});

const sleeping = {
  mysql: "SELECT 1 AS id, SLEEP(20) AS s",
  postgres: "SELECT 1 AS id, pg_sleep(20)::text AS s",
};
const endOthers = {
  postgres:
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  mysql:
    "BEGIN NOT ATOMIC DECLARE victim BIGINT; SELECT id INTO victim FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID() LIMIT 1; KILL victim; END",
};

function windowNow() {
  const text = "1970-01-01T00:00:00.000000Z";
  return { since: { text, instant: text }, until: { text, instant: text }, observeClock: () => false };
}
