/**
 * The SalesPro pipelines: seven tables through an Athena that runs their SQL, and two kinds of files, into both
 * warehouses; first load, delta and full run, compared row by row and column by column.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { loadSpecs, openContext } from "../../src/cli/context.ts";
import type { Field } from "../../src/spec/types.ts";
import { type Moto, startMoto } from "../database/moto.ts";
import { serve } from "../http/server.ts";
import { root } from "../package/support.ts";
import { read } from "../support/hubspot-tables.ts";
import { afterDelta, afterFull, changes, firstLoad, sourceRows, tables } from "../support/salespro-data.ts";
import { salesproAthena, salesproProject } from "../support/salespro-project.ts";
import { type TestWarehouse, warehouses } from "../support/warehouses.ts";

const folder = join(root, "pipelines/salespro");
const { pipelines } = loadSpecs([folder], openContext([folder], { variablesMayBeMissing: true }, {}));
/** Tables by name, with the columns that their specs map. */
const mappings = new Map(
  pipelines.flatMap(({ spec }) => [
    [spec.sink!.table, spec.mapping!] as const,
    ...(spec.children ?? []).map(({ sink, mapping }) => [sink.table, mapping] as const),
  ]),
);

/** Everything that a table holds is what is expected: every row, every column that is mapped. */
async function expectTable(warehouse: TestWarehouse, table: string, expected: Record<string, unknown>[]) {
  const mapping = mappings.get(table)!;
  const columns = Object.entries(mapping) as [string, Field][];
  for (const row of expected) for (const name of Object.keys(row)) expect(Object.keys(mapping)).toContain(name);
  const rows = await warehouse.query(`SELECT ${columns.map(([name]) => name).join(", ")} FROM ${table}`);
  const sorted = (lines: unknown[][]) => lines.toSorted((left, right) => (textOf(left) < textOf(right) ? -1 : 1));
  expect(sorted(rows.map((row) => columns.map(([name, { type }]) => read(row[name], type)))), table).toEqual(
    sorted(
      expected.map((row) =>
        columns.map(([name, { type }]) =>
          type === "timestamp" && row[name] !== undefined ? Date.parse(String(row[name])) : (row[name] ?? null),
        ),
      ),
    ),
  );
}

const textOf = (line: unknown[]): string =>
  JSON.stringify(line, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));

async function expectTables(warehouse: TestWarehouse, expected: Record<string, Record<string, unknown>[]>) {
  for (const [table, rows] of Object.entries(expected)) await expectTable(warehouse, table, rows);
}

describe.each(warehouses)("into $name", ({ open }) => {
  async function opened() {
    const athena = await salesproAthena(tables);
    for (const [table, rows] of Object.entries(sourceRows)) athena.insert(table, rows);
    const project = salesproProject(athena.server.url);
    const warehouse = await open();
    onTestFinished(() => warehouse.close());
    const run = (...args: string[]) => project.run("pipelines/salespro", warehouse, ...args);
    return { ...athena, project, warehouse, run };
  }

  it("the folder: a first load, what changed, a full run", { timeout: 120_000 }, async () => {
    const { server, data, warehouse, run } = await opened();
    // As Athena is: queries take their time, and calls are throttled.
    server.states = [{ State: "RUNNING" }, { State: "SUCCEEDED" }];
    server.throttle = ["StartQueryExecution", "GetQueryResults"];
    const loaded = await run();
    server.states = [{ State: "SUCCEEDED" }];
    expect(loaded.code, loaded.stderr).toBe(0);
    expect(Object.keys(loaded.runs).toSorted()).toEqual(
      ["credit_applications", "customers", "estimates", "lead_results", "measure_sheet", "payments"].concat(
        "user_activity",
      ),
    );
    for (const [name, { status, rejected }] of Object.entries(loaded.runs))
      expect([name, status, rejected]).toEqual([name, "success", 0]);
    expect(loaded.runs["user_activity"]).toMatchObject({ fetched: 4, duplicates: 1, created: 3 });
    expect(loaded.runs["lead_results"]?.tables).toMatchObject({ salespro_lead_result_line_item: { created: 3 } });
    await expectTables(warehouse, firstLoad);
    // One query a table, nothing of it but what is mapped; its result in pages of a thousand.
    expect(server.queries).toHaveLength(7);
    expect(server.queries.map(({ sql }) => sql).join("\n")).not.toMatch(/\*|password_hash|sync_/);
    expect(server.queries.flatMap(({ values }) => values)).toEqual([]);
    const throttled = 1;
    expect(server.calls["GetQueryResults"]).toBe(6 + 3 + throttled);

    data.exec(changes);
    const delta = await run();
    expect(delta.code, delta.stderr).toBe(0);
    const counts = Object.entries(delta.runs).map(([name, run_]) => {
      const { mode, fetched, created, updated, unchanged, rejected } = run_;
      return [name, { mode, fetched, created, updated, unchanged, rejected }];
    });
    const mode = "incremental";
    // Read again: what lies within the overlap of the last one, and customers without a time.
    expect(Object.fromEntries(counts)).toEqual({
      customers: { mode, fetched: 3, created: 1, updated: 1, unchanged: 1, rejected: 0 },
      estimates: { mode, fetched: 1, created: 0, updated: 1, unchanged: 0, rejected: 0 },
      credit_applications: { mode, fetched: 1, created: 0, updated: 0, unchanged: 1, rejected: 0 },
      lead_results: { mode, fetched: 2, created: 0, updated: 2, unchanged: 0, rejected: 0 },
      payments: { mode, fetched: 2, created: 0, updated: 1, unchanged: 1, rejected: 0 },
      user_activity: { mode, fetched: 3, created: 1, updated: 0, unchanged: 1, rejected: 0 },
      measure_sheet: { mode, fetched: 1, created: 1, updated: 0, unchanged: 0, rejected: 0 },
    });
    await expectTables(warehouse, afterDelta);
    const since = server.queries.slice(7).map(({ sql, values }) => [/FROM "(\w+)"/.exec(sql)![1], values[0]]);
    expect(Object.fromEntries(since)).toEqual({
      ...Object.fromEntries(Object.keys(tables).map((table) => [table, "TIMESTAMP '2025-06-01 11:55:00.500000'"])),
      user_activity: "TIMESTAMP '2025-06-01 11:00:00.500000'",
    });

    const full = await run("--full");
    expect(full.code, full.stderr).toBe(0);
    expect(full.runs["customers"]).toMatchObject({ mode: "full", fetched: 4, updated: 1, unchanged: 3 });
    await expectTables(warehouse, afterFull);
  });

  it(
    "a query that fails costs its table and what depends on it, until the next run",
    { timeout: 120_000 },
    async () => {
      const { server, warehouse, run } = await opened();
      const find = server.find!;
      server.find = (query) => {
        if (query.sql.includes('FROM "estimate"')) throw new Error("HIVE_BAD_DATA: a file of the table is broken");
        return find(query);
      };
      const failed = await run();
      expect(failed.code).toBe(1);
      expect(Object.fromEntries(Object.entries(failed.runs).map(([name, { status }]) => [name, status]))).toEqual({
        customers: "success",
        estimates: "failed",
        credit_applications: "success",
        lead_results: "skipped",
        measure_sheet: "skipped",
        payments: "success",
        user_activity: "success",
      });
      expect(failed.runs["estimates"]?.error).toContain("HIVE_BAD_DATA: a file of the table is broken");
      server.find = find;
      const next = await run();
      expect(next.code, next.stderr).toBe(0);
      await expectTables(warehouse, firstLoad);
    },
  );

  it(
    "an answer that does not fit: rejected whole where runs are strict; what is stored of it stays",
    { timeout: 120_000 },
    async () => {
      const { data, project, warehouse } = await opened();
      const run = () => project.run("salespro.lead_results", warehouse);
      expect((await run()).code).toBe(0);
      const form = JSON.stringify([
        { title: "Job Size", value: "about 12" },
        { title: "Job Type 1 Amount", value: "$1" },
      ]);
      data
        .prepare(
          "UPDATE lead_results SET lead_results = ?, updated_at = '2025-06-03 00:00:00.000000' WHERE estimate_id = 'e-1'",
        )
        .run(form);
      const second = await run();
      expect(second.code).toBe(3);
      expect(second.runs["lead_results"]).toMatchObject({ status: "partial", fetched: 2, rejected: 1, unchanged: 1 });
      await expectTable(warehouse, "salespro_lead_result", firstLoad["salespro_lead_result"]!);
      await expectTable(warehouse, "salespro_lead_result_line_item", firstLoad["salespro_lead_result_line_item"]!);
      const rejects = await warehouse.query("SELECT record_key, field, rule FROM sync_rejects");
      expect(rejects).toHaveLength(1);
      expect(rejects[0]).toMatchObject({ field: "job_size", rule: "decimal" });
    },
  );

  describe("files", () => {
    const offices = [
      "\ufeffobjectId,name,companyId,company,canSearchAllEstimates,last_edit_user,createdAt,updatedAt,last_edit_date",
      'o-1,"North, East",co-1,Sample Roofing,TRUE,u-1,2025-01-01T08:00:00.123Z,2025-02-01T08:00:00,',
      "o-2,NULL,,,,,,,",
      ",,,,,,,,",
    ];
    const more = [offices[0]!, "o-3,South,co-1,Sample Roofing,false,,2025-03-01T00:00:00Z,2025-03-01T00:00:00Z,"];
    const officeRows = [
      {
        office_id: "o-1",
        name: "North, East",
        company_id: "co-1",
        company_name: "Sample Roofing",
        can_search_all_estimates: true,
        last_edit_user: "u-1",
        created_at: "2025-01-01T08:00:00.123Z",
        updated_at: "2025-02-01T08:00:00Z",
      },
      { office_id: "o-2", can_search_all_estimates: false },
    ];
    const south = {
      office_id: "o-3",
      name: "South",
      company_id: "co-1",
      company_name: "Sample Roofing",
      can_search_all_estimates: false,
      created_at: "2025-03-01T00:00:00Z",
      updated_at: "2025-03-01T00:00:00Z",
    };
    const no = {
      is_active: false,
      is_manager: false,
      is_available_to_call: false,
      can_activate_users: false,
      can_change_settings: false,
      can_submit_credit_apps: false,
      disable_change_company: false,
      search_other_users_estimates: false,
    };

    it("offices of a glob, again after one has changed", { timeout: 60_000 }, async () => {
      const project = salesproProject("http://127.0.0.1:9", { SALESPRO_OFFICES_FILE: "exports/*.csv" });
      const warehouse = await open();
      onTestFinished(() => warehouse.close());
      const exports = join(project.folder, "pipelines/salespro/exports");
      mkdirSync(exports);
      writeFileSync(join(exports, "a.csv"), `${offices.join("\r\n")}\r\n`);
      writeFileSync(join(exports, "b.csv"), more.join("\n"));
      const first = await project.run("salespro.offices", warehouse);
      expect(first.code, first.stderr).toBe(0);
      expect(first.runs["offices"]).toMatchObject({ status: "success", fetched: 4, filtered: 1, created: 3 });
      await expectTable(warehouse, "salespro_office", [...officeRows, south]);

      writeFileSync(
        join(exports, "b.csv"),
        more.join("\n").replaceAll("2025-03-01", "2025-04-01").replace("South", "West"),
      );
      const second = await project.run("salespro.offices", warehouse);
      expect(second.runs["offices"]).toMatchObject({ fetched: 4, updated: 1, unchanged: 2 });
      const times = { created_at: "2025-04-01T00:00:00Z", updated_at: "2025-04-01T00:00:00Z" };
      await expectTable(warehouse, "salespro_office", [...officeRows, { ...south, name: "West", ...times }]);
    });

    it(
      "users of an address, unless the file is the same; then of an older export by a path",
      { timeout: 60_000 },
      async () => {
        const file = [
          "objectId,username,nameFirst,nameLast,email,phoneNumber,isActive,isManager,canSubmitCreditApps,company,selectedOffice,allowedOffices,identifier,createdAt,updatedAt,lastLoginDate,deactivatedDate",
          'u-1,ada@example.com,Ada,Sample,,(202) 555-0143,true,FALSE,1,co-1,o-1,"[""o-1"",""o-2""]",7,2025-01-01T08:00:00Z,2025-02-01T08:00:00.5Z,2025-02-01T07:00:00Z,',
          "",
        ].join("\n");
        const server = await serve(({ headers }, response) => {
          if (headers["if-none-match"] === '"1"') return response.writeHead(304).end();
          return response.writeHead(200, { etag: '"1"' }).end(file);
        });
        const project = salesproProject("http://127.0.0.1:9", { SALESPRO_USERS_FILE: `${server.url}/users.csv` });
        const warehouse = await open();
        onTestFinished(() => warehouse.close());
        const ada = {
          ...no,
          user_object_id: "u-1",
          username: "ada@example.com",
          first_name: "Ada",
          last_name: "Sample",
          email: "ada@example.com",
          phone_number: "2025550143",
          is_active: true,
          can_submit_credit_apps: true,
          company_id: "co-1",
          selected_office: "o-1",
          allowed_offices: '["o-1","o-2"]',
          identifier: "7",
          created_at: "2025-01-01T08:00:00Z",
          updated_at: "2025-02-01T08:00:00.5Z",
          last_login_date: "2025-02-01T07:00:00Z",
        };
        const first = await project.run("salespro.users", warehouse);
        expect(first.code, first.stderr).toBe(0);
        await expectTable(warehouse, "salespro_user", [ada]);
        expect((await project.run("salespro.users", warehouse)).runs["users"]).toMatchObject({
          status: "success",
          fetched: 0,
        });

        const older = join(project.folder, "older users.csv");
        writeFileSync(
          older,
          "User Object ID,First Name,Last Name,Username,Email,Last Login,Active/Inactive,Send Credit Apps,Search Other Users Estimates,Assigned Office,License Number,Additional Amount,Unique Identifier,Job Representative ID\nu-2,Bo,Sample,bo,BO@example.com,2/28/2025,TRUE,FALSE,TRUE,North (o1),L-2,12.5,8,r-1\n",
        );
        const byPath = await project.run("salespro.users", warehouse, "--param", `file=${older}`);
        expect(byPath.code, byPath.stderr).toBe(0);
        const bo = {
          ...no,
          user_object_id: "u-2",
          username: "bo",
          first_name: "Bo",
          last_name: "Sample",
          email: "bo@example.com",
          is_active: true,
          search_other_users_estimates: true,
          last_login_date: "2025-02-28T00:00:00Z",
          assigned_office: "North (o1)",
          office_id: "o1",
          license_number: "L-2",
          additional_amount: "12.50",
          identifier: "8",
          job_representative_id: "r-1",
        };
        await expectTable(warehouse, "salespro_user", [ada, bo]);
      },
    );
  });
});

it("says what is missing where no file is named", async () => {
  const project = salesproProject("http://127.0.0.1:9", { SALESPRO_USERS_FILE: "" });
  const { code, stderr } = await project.etl(["run", "salespro.users", "--dry-run"]);
  expect(code).toBe(2);
  expect(stderr).toContain("SALESPRO_USERS_FILE");
});

describe("moto", () => {
  let moto: Moto | undefined;
  beforeAll(async () => {
    moto = await startMoto();
  }, 300_000);
  afterAll(() => moto?.stop());

  it.for(warehouses)(
    "customers and lead results by signed calls, into $name",
    { timeout: 120_000 },
    async ({ open }, { skip }) => {
      if (!moto) return skip("there is no moto");
      const project = salesproProject(moto.url);
      const planned = salesproProject((await salesproAthena(tables)).server.url);
      const warehouse = await open();
      onTestFinished(() => warehouse.close());
      for (const [entity, table] of [
        ["customers", "customer"],
        ["lead_results", "lead_results"],
      ] as const) {
        // moto runs no SQL: it is told what the next query finds, column by column as the pipeline asks for them.
        const { stdout } = await planned.etl(["plan", `salespro.${entity}`, "--warehouse", warehouse.address]);
        const names = [.../SELECT (.*) FROM/.exec(stdout)![1]!.matchAll(/"(\w+)"/g)].map(([, name]) => name!);
        const rows = sourceRows[table]!.filter((row) => row["customer_id"] || row["estimate_id"]);
        await moto.answer(
          Object.fromEntries(names.map((name) => [name, tables[table]![name]!])),
          rows.map((row) => names.map((name) => row[name] ?? null)),
        );
        const ran = await project.run(`salespro.${entity}`, warehouse);
        expect(ran.code, ran.stderr).toBe(0);
      }
      for (const table of ["salespro_customer", "salespro_lead_result", "salespro_lead_result_line_item"])
        await expectTable(warehouse, table, firstLoad[table]!);
      return undefined;
    },
  );
});

it("connections test and plan say what is there, and scan nothing", async () => {
  const { server } = await salesproAthena(tables);
  const project = salesproProject(server.url);
  const tested = await project.etl(["connections", "test", "salespro"]);
  expect(tested.code, tested.stderr).toBe(0);
  expect(`${tested.stdout}${tested.stderr}`).toContain("Amazon Athena at athena://us-east-1/primary/home_genius_db");
  server.table = Object.keys(tables["payments"]!).filter((name) => name !== "payment_type");
  const planned = await project.etl(["plan", "salespro.payments"]);
  expect(planned.code).toBe(2);
  expect(planned.stderr).toContain('table payments has no column "payment_type"');
  expect(server.queries.map(({ sql }) => sql)).toEqual(["SELECT 1 AS one"]);
});
