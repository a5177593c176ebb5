/** `etl new` over real databases: the spec that it writes is valid, runs as it stands, and holds no secret. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { databaseProject, type DatabaseProject } from "../database/project.ts";
import { type Server, servers, type TestDatabase } from "../database/servers.ts";
import { warehouses } from "../support/warehouses.ts";

/** Awkward names and types, the same in spirit on each. */
const awkward: Record<Server["dialect"], string> = {
  mysql: `
    CREATE TABLE customer_order (
      \`Order Id\` BIGINT UNSIGNED NOT NULL, line SMALLINT NOT NULL, \`in\` VARCHAR(40), \`Größe\` VARCHAR(40), \`a\`\`b\` INT,
      email VARCHAR(80), phone1 VARCHAR(40), zip VARCHAR(20), amount DECIMAL(30,10), big BIGINT UNSIGNED, ratio DOUBLE, small_ratio FLOAT,
      is_open TINYINT(1), flags BIT(40), born YEAR, kind ENUM('b','a'), tags SET('x','y'), document JSON, photo LONGBLOB,
      starts TIME, lasts TIME, day DATE, zero DATETIME, sync_run_id INT, password VARCHAR(40), api_token VARCHAR(40),
      updated_at DATETIME(6) NULL, added_on DATETIME NOT NULL, stamp TIMESTAMP NULL,
      PRIMARY KEY (\`Order Id\`, line), KEY changes (updated_at, \`Order Id\`), UNIQUE KEY (email));
    SET sql_mode = '';
    INSERT INTO customer_order VALUES
      (18446744073709551615, 1, 'x', 'groß', 1, 'Ada@Example.com', '(503) 555-0123', '97201', 12345678901234567890.0123456789, 18446744073709551615, 0.1, 0.1,
       2, b'1000000000000000000000000000000000000001', 1999, 'a', 'x,y', '{"a": [1]}', x'00ff', '09:30:00', '-100:30:00', '2025-02-03', '0000-00-00 00:00:00', 7, 'hunter2-hunter2', 'tok-value-1234',
       '2025-01-02 03:04:05.123456', '2025-01-01 00:00:00', '2025-01-01 00:00:00'),
      (18446744073709551615, 2, NULL, NULL, NULL, NULL, 'call me', 'n/a', NULL, 0, NULL, NULL, 0, b'0', NULL, NULL, '', NULL, NULL, '23:59:59', '838:59:59', NULL, NULL, NULL, NULL, NULL, NULL, '2025-01-01 00:00:00', NULL),
      (3, 1, '', '', 0, 'declined@', NULL, NULL, -0.5, 1, -1e300, 3.4e38, 1, b'1', 2155, 'b', 'y', 'null', '', NULL, '00:00:00', '1000-01-01', NULL, 0, 'hunter3-hunter3', NULL, NULL, '2025-01-02 00:00:00', NULL)`,
  postgres: `
    CREATE DOMAIN price AS numeric(12,4);
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE customer_order (
      "Order Id" bigint NOT NULL, line smallint NOT NULL, "in" text, "Größe" varchar(40), "a\`b" int, email text, phone1 text, zip text,
      amount numeric(30,10), any_number numeric, cost price, ratio double precision, small_ratio real, is_open boolean, feeling mood, tags text[],
      document jsonb, photo bytea, starts time, lasts interval, day date, uid uuid, sync_run_id int, password text, api_token text, place point,
      updated_at timestamp NULL, added_on timestamp NOT NULL, stamp timestamptz,
      PRIMARY KEY ("Order Id", line));
    CREATE INDEX ON customer_order (updated_at, "Order Id");
    CREATE UNIQUE INDEX ON customer_order (email) WHERE email IS NOT NULL;
    INSERT INTO customer_order VALUES
      (9223372036854775807, 1, 'x', 'groß', 1, 'Ada@Example.com', '(503) 555-0123', '97201', 12345678901234567890.0123456789, 123456789012345678901234567890.123456789, 1.5, 0.1, 0.1, true, 'ok', '{a,"b c"}',
       '{"a": [1]}', '\\x00ff', '09:30:00', '-100:30:00', '2025-02-03', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 7, 'hunter2-hunter2', 'tok-value-1234', '(1,2)', '2025-01-02 03:04:05.123456', '2025-01-01', '2025-01-01'),
      (9223372036854775807, 2, NULL, NULL, NULL, NULL, 'call me', 'n/a', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '1 year 2 mons', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2025-01-01', NULL),
      (3, 1, '', '', 0, 'declined@', NULL, NULL, -0.5, 0.10, 0, -1e300, 1, false, 'sad', '{}', 'null', '', '24:00:00', '0', '0001-01-01', NULL, 0, 'hunter3-hunter3', NULL, NULL, NULL, '2025-01-02', NULL)`,
  sqlite: `
    CREATE TABLE customer_order (
      "Order Id" INTEGER NOT NULL, line INT NOT NULL, "in" TEXT, "Größe" TEXT, "a\`b" INT, email TEXT, phone1 TEXT, zip TEXT,
      amount DECIMAL(30,10), anything, big INTEGER, ratio REAL, is_open BOOLEAN, mixed INTEGER, document TEXT, photo BLOB,
      starts TIME, day DATE, sync_run_id INT, password TEXT, api_token TEXT,
      updated_at DATETIME, added_on TEXT NOT NULL, seen_at INTEGER,
      PRIMARY KEY ("Order Id", line));
    CREATE INDEX changes ON customer_order (updated_at, "Order Id");
    INSERT INTO customer_order VALUES
      (9223372036854775807, 1, 'x', 'groß', 1, 'Ada@Example.com', '(503) 555-0123', '97201', 1234.5, 'x', 9007199254740993, 0.1, 1, 'words', '{"a":1}', x'00ff',
       '09:30:00', '2025-02-03', 7, 'hunter2-hunter2', 'tok-value-1234', '2025-01-02 03:04:05', '2025-01-01 00:00:00', 1700000000),
      (9223372036854775807, 2, NULL, NULL, NULL, NULL, 'call me', 'n/a', NULL, 5, 0, NULL, 0, 12, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2025-01-01 00:00:00', NULL),
      (3, 1, '', '', 0, 'declined@', NULL, NULL, -0.5, NULL, 1, -1e300, 1, NULL, '', x'', '24:00:00', '1000-01-01', 0, 'hunter3-hunter3', NULL, NULL, '2025-01-02 00:00:00', 1700000001)`,
};

const opened: { database: TestDatabase; project: DatabaseProject }[] = [];
afterEach(async () => {
  for (const { database, project } of opened.splice(0)) {
    project.remove();
    await database.close();
  }
});

async function shop(server: Server, sql: string): Promise<DatabaseProject> {
  const database = await server.open();
  const project = databaseProject(database.connection);
  opened.push({ database, project });
  await database.run(sql);
  return project;
}

const specOf = ({ folder }: DatabaseProject, entity: string): string =>
  readFileSync(join(folder, `pipelines/shop/${entity}.yml`), "utf8");

describe.each(servers)("etl new from a table of $name", (server) => {
  it.skipIf(server.skip)(
    "awkward names and types: a spec that is valid and runs with equal counts",
    async () => {
      const project = await shop(server, awkward[server.dialect]);
      const made = await project.etl("new", "shop.customer_orders");
      expect(made, made.stderr).toMatchObject({ code: 0, stdout: "" });
      expect(made.stderr).toContain("wrote pipelines/shop/customer_orders.yml");
      const text = specOf(project, "customer_orders");
      expect(text).not.toMatch(/hunter|tok-value/);
      expect(text).toMatch(/^ {2}# password: .*looks like a secret/m);
      expect(text).toMatch(/^ {2}# api_token: /m);
      expect(text).toMatch(/^ {2}# photo: .*bytes/m);
      expect(text).toMatch(/^ {2}email: +\{ from: email, validate: email, on_fail: warn \}/m);
      expect(text).toMatch(/^ {2}phone1: +\{ from: phone1, validate: phone, on_fail: warn \}/m);
      expect(text).toMatch(/^ {2}zip: +\{ from: zip, validate: zip_code, on_fail: warn \}/m);
      expect(text).toMatch(/^ {2}source_sync_run_id: /m);
      expect(text).toMatch(/^ {2}amount: +\{ from: amount, type: "decimal\(30,10\)" \}/m);
      expect(text).toContain("delta: { columns: [updated_at, added_on], overlap: 5m }");
      expect(text).toContain(`keys: [updated_at, '"Order Id"', line]`);
      expect(text).toContain("upsert: { keys: [order_id, line], newer_by: updated_at }");
      const valid = await project.etl("validate", "pipelines/shop/customer_orders.yml");
      expect(valid, valid.stdout).toMatchObject({ code: 0, stdout: "" });

      const warehouse = await warehouses[0].open();
      try {
        const [run] = await project.run("shop.customer_orders", warehouse.address);
        expect(run).toMatchObject({ status: "success", fetched: 3, created: 3, rejected: 0 });
        const [again] = await project.run("shop.customer_orders", warehouse.address);
        expect(again).toMatchObject({ status: "success", created: 0, updated: 0 });
        const rows = await warehouse.query("SELECT * FROM shop_customer_order ORDER BY order_id, line");
        expect(rows).toHaveLength(3);
        const first = rows.find(({ line, in: word }) => Number(line) === 1 && word === "x")!;
        expect(String(first["order_id"])).toBe(
          server.dialect === "mysql" ? "18446744073709551615" : "9223372036854775807",
        );
        expect(first).toMatchObject({
          grosse: "groß",
          // Beyond a double's digits SQLite has forgotten the rest by itself.
          amount: server.dialect === "sqlite" ? "1234.5000000000" : "12345678901234567890.0123456789",
        });
      } finally {
        await warehouse.close();
      }
    },
    60_000,
  );

  it.skipIf(server.skip)(
    "never overwrites: it says so, and --force and --stdout are the ways",
    async () => {
      const project = await shop(server, "CREATE TABLE item (id INTEGER PRIMARY KEY, label VARCHAR(20))");
      expect(await project.etl("new", "shop.items")).toMatchObject({ code: 0 });
      const before = specOf(project, "items");
      const refused = await project.etl("new", "shop.items");
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain("is there already and stays as it is. --force replaces it");
      const shown = await project.etl("new", "shop.items", "--stdout");
      expect(shown.code).toBe(0);
      expect(shown.stdout).toBe(before);
      const { writeFileSync } = await import("node:fs");
      writeFileSync(join(project.folder, "pipelines/shop/items.yml"), "pipeline: shop.items\n");
      expect(await project.etl("new", "shop.items", "--force")).toMatchObject({ code: 0 });
      expect(specOf(project, "items")).toBe(before);
    },
    60_000,
  );
});

describe("etl new from a table", () => {
  const [sqlite] = servers as readonly [Server];

  it("of another name than the entity: --table; without it the tables that there are", async () => {
    const project = await shop(
      sqlite,
      "CREATE TABLE prospect (id INTEGER PRIMARY KEY, changed TEXT); CREATE VIEW lately AS SELECT * FROM prospect",
    );
    const missing = await project.etl("new", "shop.prospekts");
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('Did you mean "prospect"? It has: lately, prospect. Say which one: --table NAME.');
    expect(existsSync(join(project.folder, "pipelines/shop/prospekts.yml"))).toBe(false);
    const made = await project.etl("new", "shop.leads", "--table", "prospect");
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(specOf(project, "leads")).toMatch(/table: prospect[\s\S]*sink: \{ table: shop_lead \}/);
  }, 60_000);

  it("without a key: read in one, and it says what to look at", async () => {
    const project = await shop(
      sqlite,
      "CREATE TABLE event (name TEXT NOT NULL, payload TEXT); INSERT INTO event VALUES ('a', 'x'), ('b', NULL)",
    );
    const made = await project.etl("new", "shop.events");
    expect(made.code, made.stderr).toBe(0);
    expect(made.stderr).toContain("look at: table event has no primary key and no unique index: name is taken");
    const text = specOf(project, "events");
    expect(text).toContain("# CHECK: the table has no primary key");
    expect(text).toContain("pagination: { type: none }");
    expect(text).toContain("No column says when a row changed");
    const warehouse = await warehouses[0].open();
    try {
      expect(await project.run("shop.events", warehouse.address)).toMatchObject([{ created: 2, status: "success" }]);
    } finally {
      await warehouse.close();
    }
  }, 60_000);

  it("a change that no index begins with is not what pages go by", async () => {
    const project = await shop(sqlite, "CREATE TABLE item (id INTEGER PRIMARY KEY, modified_on DATETIME, key TEXT)");
    expect((await project.etl("new", "shop.items")).code).toBe(0);
    const text = specOf(project, "items");
    expect(text).toContain("keys: [id]");
    expect(text).toContain("By key alone: no index begins with modified_on");
    expect(text).toContain("delta: { columns: [modified_on]");
    expect(text).toMatch(/^ {2}# key: .*looks like a secret/m);
  }, 60_000);

  it.each([
    [["shop.Items"], /must be <system>\.<entity>/],
    [["shop"], /must be <system>\.<entity>/],
    [["other.items"], /there is no .*other\/connection\.yml: etl new asks the system by its connection/],
    [["shop.items", "--path", "/x"], /--path says nothing of a database connection/],
    [["shop.items", "--sample", "0"], /--sample must be a whole number from 1/],
  ] as [string[], RegExp][])("etl new %j ends with 2 and a hint", async (args, message) => {
    const project = await shop(sqlite, "CREATE TABLE item (id INTEGER PRIMARY KEY)");
    const ended = await project.etl("new", ...args);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(message);
  });
});
