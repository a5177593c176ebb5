/** What the source says: when it is tested, planned, and when something is wrong. */
import { createServer } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { databaseProject } from "./project.ts";
import { servers, type TestDatabase } from "./servers.ts";
import { loadOne, openDatabase, readPages, windowOf } from "./source.ts";

const noRetry = { retry: { attempts: 1 } };

describe.each(servers.filter(({ skip }) => !skip))("$name", (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await server.open();
    await database.run(
      "CREATE TABLE appointment (id INTEGER PRIMARY KEY, prospect_id INTEGER, updated_at VARCHAR(30))",
    );
    await database.run("INSERT INTO appointment VALUES (1, 10, '2026-01-01 00:00:00'), (2, 20, '2026-06-01 00:00:00')");
  });
  afterAll(() => database.close());

  const failure = async (
    source: object,
    columns: readonly string[] = ["id"],
    connection: object = {},
  ): Promise<string> => {
    const opened = await openDatabase(
      loadOne({ ...database.connection, ...noRetry, ...connection }, { source, columns }),
    );
    return readPages(opened.source).then(
      () => "",
      (error: Error) => `${error.name}: ${error.message}`,
    );
  };

  it("a test of the connection says what answers, and what the SQL gives", async () => {
    const { source } = await openDatabase(
      loadOne(database.connection, { source: { table: "appointment" }, columns: ["id", "prospect_id"] }),
    );
    expect(await source.check!()).toMatch(
      new RegExp(`^${server.name} [\\d.]+ at ${server.dialect}:.*; table appointment gives 2 columns$`),
    );
    const { source: query } = await openDatabase(
      loadOne(database.connection, { source: { query: "SELECT 1 AS id" }, columns: ["id"] }),
    );
    expect(await query.check!()).toContain("; the query gives 1 columns");
  });

  it("a plan shows the SQL with placeholders, its values, and how many rows there are", async () => {
    const more = { params: { least: { type: "integer" } } };
    const spec = {
      table: "appointment",
      where: "prospect_id > {{params.least}}",
      pagination: { type: "keyset", keys: ["id"], size: 1 },
      delta: { field: "updated_at" },
    };
    const { source } = await openDatabase(loadOne(database.connection, { source: spec, columns: ["id"], more }), {
      least: 5,
    });
    const plan = await source.forecast!({
      incremental: true,
      window: windowOf("2026-03-01T00:00:00.000000Z"),
      resume: {},
    });
    expect(plan).toMatchObject({ records: 1, calls: 1, budgets: [] });
    const { method, url, body } = plan.request!;
    expect(method).toBe("SQL");
    expect(url).not.toContain("password");
    expect(body).toContain(server.dialect === "postgres" ? "prospect_id > $1" : "prospect_id > ?");
    expect(body).toMatch(/ORDER BY ["`]id["`]\nLIMIT 2\n-- values: /);
    expect(body).not.toContain("> 5");
  });

  it("a table's unknown column, with the one that was meant", async () => {
    expect(await failure({ table: "appointment" }, ["id", "prospct_id"])).toBe(
      'SpecError: table appointment has no column "prospct_id". Did you mean "prospect_id"?',
    );
  });

  it("a table that is not there", async () => {
    expect(await failure({ table: "appointmnt" })).toContain(
      "SpecError: there is no table appointmnt, or the user may not see it",
    );
  });

  it("a query's unknown column names connection and statement, with the one that was meant", async () => {
    const message = await failure({ query: "SELECT a.id, a.updatd_at FROM appointment a" });
    expect(message).toMatch(/^SpecError: shop \((?:mysql|postgres|sqlite):/);
    expect(message).toContain("updatd_at");
    expect(message).toContain("The statement: SELECT a.id, a.updatd_at FROM appointment a");
    expect(message).toMatch(/updated_at/);
  });

  it("SQL that cannot be read", async () => {
    expect(await failure({ query: "SELECT id FORM appointment" })).toMatch(
      /^SpecError: shop .*The statement: SELECT id FORM/,
    );
  });

  if (server.dialect === "sqlite") {
    it("a file that is not there, and one that is no database", async () => {
      expect(await failure({ table: "x" }, ["id"], { database: "nowhere.db" })).toMatch(
        /^FatalError: shop: there is no file .*nowhere\.db/,
      );
      expect(await failure({ table: "x" }, ["id"], { database: import.meta.filename })).toMatch(
        /^FatalError: shop \(sqlite:.*not a database/,
      );
    });
    return;
  }

  it("a refused password, which no message shows", async () => {
    const url = new URL(database.connection["url"] as string);
    url.username = "nobody_at_all";
    url.password = "s3cret-pass";
    const message = await failure({ table: "appointment" }, ["id"], { url: url.href });
    // A PostgreSQL that trusts everyone says that there is no such role.
    expect(message).toMatch(
      /^FatalError: shop \(.*\) refused the user or the password: .*Check user and password of the connection shop/,
    );
    expect(message).not.toContain("s3cret-pass");
  });

  it("a database that is not there", async () => {
    const url = new URL(database.connection["url"] as string);
    url.pathname = "/no_such_database";
    expect(await failure({ table: "appointment" }, ["id"], { url: url.href })).toMatch(
      /^SpecError: shop .*no_such_database/,
    );
  });

  it("a host that does not answer, and one that answers nonsense", async () => {
    const closed = await freePort();
    expect(await failure({ table: "x" }, ["id"], { url: `${server.dialect}://127.0.0.1:${closed}/x` })).toMatch(
      /^FatalError: shop \(.*\): the connection could not be made or was lost: .*ECONNREFUSED.*; giving up/,
    );
    const silent = createServer((socket) => void socket.on("error", () => {}));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    onTestFinished(() => void silent.close());
    const port = (silent.address() as { port: number }).port;
    expect(
      await failure({ table: "x" }, ["id"], {
        url: `${server.dialect}://127.0.0.1:${port}/x`,
        connect_timeout: "300ms",
      }),
    ).toMatch(/^FatalError: shop .*giving up/);
    const rude = createServer((socket) => void socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    rude.listen(0, "127.0.0.1");
    await once(rude, "listening");
    onTestFinished(() => void rude.close());
    const rudePort = (rude.address() as { port: number }).port;
    expect(await failure({ table: "x" }, ["id"], { url: `${server.dialect}://127.0.0.1:${rudePort}/x` })).toMatch(
      /^FatalError: shop /,
    );
  });

  it("the command line: test, plan and run", async () => {
    const project = databaseProject(database.connection);
    onTestFinished(() => project.remove());
    project.write("appointments", {
      source: {
        type: "database",
        connection: "shop",
        table: "appointment",
        pagination: { type: "keyset", keys: ["id"] },
      },
      mapping: { id: { from: "id", type: "bigint" }, prospect_id: { from: "prospect_id", type: "bigint" } },
      upsert: { keys: ["id"] },
      sink: { table: "appointment" },
    });
    const tested = await project.etl("connections", "test");
    expect(tested).toMatchObject({ code: 0 });
    expect(tested.stdout).toMatch(new RegExp(`^shop: ${server.name}`));
    const planned = await project.etl("plan", "shop.appointments");
    expect(planned).toMatchObject({ code: 0 });
    expect(planned.stdout).toContain("for 2 records (by the total that the source tells)");
    const previewed = await project.etl("preview", "shop.appointments");
    expect(previewed).toMatchObject({ code: 0 });
    expect(previewed.stdout).toContain("prospect_id");
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
