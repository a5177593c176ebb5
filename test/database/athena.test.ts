/** Amazon Athena: one query, waited for, its result streamed; hostile values as literals; every way to fail. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { athenaConnection, type AthenaServer, athenaServer } from "./athena-server.ts";
import { type Moto, startMoto } from "./moto.ts";
import { DatabaseRuns } from "./runs.ts";
import { loadOne, openDatabase, readPages, readRecords, windowOf } from "./source.ts";

const table = { table: "lead_results", where: "estimate_id IS NOT NULL AND estimate_id <> ''" };

async function open(
  server: AthenaServer,
  source: object,
  { columns = ["estimate_id"], connection = {}, params = {}, more = {} } = {},
) {
  return openDatabase(loadOne({ ...athenaConnection(server.url), ...connection }, { source, columns, more }), params);
}

describe("Athena behaves so in a server that pages, fails and throttles", () => {
  it("the result is read page by page; its header is the first row of the first page alone", async () => {
    const server = await athenaServer();
    server.columns = { estimate_id: "varchar", amount: "decimal(12,2)" };
    server.rows = Array.from({ length: 2_500 }, (_, at) => [`e${at}`, `${at}.50`]);
    // A row of data that looks like the header is one all the same.
    server.rows[999] = ["estimate_id", "1"];
    const { source, metrics } = await open(server, table, { columns: ["estimate_id", "amount"] });
    const pages = await readPages(source);
    const records = pages.flatMap((page) => page.records as { estimate_id: string }[]);
    expect(records).toHaveLength(2_500);
    expect(records[0]).toEqual({ estimate_id: "e0", amount: 0.5 });
    expect(records[999]).toEqual({ estimate_id: "estimate_id", amount: 1 });
    expect(server.calls["GetQueryResults"]).toBe(3);
    expect(pages.at(-1)?.last).toBe(true);
    expect(metrics.apiCalls).toBe(1);
    const [query] = server.queries;
    expect(query?.sql).toBe(
      'SELECT "estimate_id", "amount" FROM "lead_results"\nWHERE (estimate_id IS NOT NULL AND estimate_id <> \'\'\n)',
    );
    expect(query?.asked).toMatchObject({
      QueryExecutionContext: { Database: "home_genius_db" },
      ResultConfiguration: { OutputLocation: "s3://results/athena/" },
      WorkGroup: "primary",
    });
  });

  it("a row of data that equals the header comes through on the first page too", async () => {
    const server = await athenaServer();
    server.columns = { estimate_id: "varchar" };
    server.rows = [["estimate_id"], ["x"]];
    const { source } = await open(server, table);
    expect(await readRecords(source)).toEqual([{ estimate_id: "estimate_id" }, { estimate_id: "x" }]);
  });

  it("every type is read from its text; a value that is not there is null", async () => {
    const server = await athenaServer();
    const cells: [string, string | null, unknown][] = [
      ["bigint", "9223372036854775807", "9223372036854775807"],
      ["integer", "-5", -5],
      ["double", "0.1", 0.1],
      ["double", "NaN", "NaN"],
      ["decimal(38,10)", "12345678901234567890.1234567890", "12345678901234567890.1234567890"],
      ["boolean", "true", true],
      ["boolean", "false", false],
      ["varchar", "Zoë '\\ ", "Zoë '\\ "],
      ["varchar", "", ""],
      ["bigint", "", ""],
      ["varchar", null, null],
      ["timestamp", "2026-11-01 01:30:00.123456", "2026-11-01 01:30:00.123456"],
      ["timestamp with time zone", "2026-11-01 08:30:00.123 UTC", "2026-11-01 08:30:00.123Z"],
      ["date", "2026-02-28", "2026-02-28"],
      ["array(integer)", "[1, 2]", "[1, 2]"],
      ["json", '{"a":1}', '{"a":1}'],
    ];
    server.columns = Object.fromEntries([["id", "integer"], ...cells.map(([type], at) => [`c${at}`, type])]);
    server.rows = [["1", ...cells.map(([, text]) => text)]];
    const { source } = await open(server, { table: "t" }, { columns: Object.keys(server.columns) });
    const [record] = await readRecords(source);
    expect(record).toEqual(Object.fromEntries([["id", 1], ...cells.map(([, , value], at) => [`c${at}`, value])]));
  });

  it("what changed since is asked for with typed literals, to the microsecond", async () => {
    const server = await athenaServer();
    const { source } = await open(server, { ...table, delta: { columns: ["updated_at"], type: "timestamp" } });
    await readPages(source, {
      incremental: true,
      window: windowOf("2026-06-01T12:00:00.000001Z", "2026-06-02T00:00:00.000000Z"),
    });
    expect(server.queries[0]!.sql).toContain('("updated_at" >= ? AND "updated_at" < ?) OR "updated_at" IS NULL');
    expect(server.queries[0]!.values).toEqual([
      "TIMESTAMP '2026-06-01 12:00:00.000001'",
      "TIMESTAMP '2026-06-02 00:00:00.000000'",
    ]);
  });

  it.each([
    ["'; DROP TABLE lead_results; --", "'''; DROP TABLE lead_results; --'"],
    ["\\", "'\\'"],
    ["\\' OR 1=1 --", "'\\'' OR 1=1 --'"],
    ["ʼ’＇", "'ʼ’＇'"],
    ["''", "''''''"],
    [7, "7"],
    [0.5, "DOUBLE '0.5'"],
    [true, "true"],
    [undefined, "NULL"],
  ])("%j is a value", async (value, expected) => {
    const server = await athenaServer();
    const { source } = await open(
      server,
      { query: "SELECT estimate_id FROM lead_results WHERE label = {{params.label}}" },
      { params: value === undefined ? {} : { label: value }, more: { params: { label: { type: "text" } } } },
    );
    await readPages(source);
    expect(server.queries[0]).toMatchObject({
      sql: "SELECT estimate_id FROM lead_results WHERE label = ?",
      values: [expected],
    });
  });

  it("a query that is queued and running is waited for", async () => {
    const server = await athenaServer();
    server.states = [{ State: "QUEUED" }, { State: "RUNNING" }, { State: "SUCCEEDED" }];
    server.rows = [["e1"]];
    server.columns = { estimate_id: "varchar" };
    const { source } = await open(server, table);
    expect(await readRecords(source)).toEqual([{ estimate_id: "e1" }]);
    expect(server.calls["GetQueryExecution"]).toBe(3);
    expect(server.stopped).toEqual([]);
  });

  const failures: [string, object, RegExp][] = [
    [
      "a table that is not there",
      { State: "FAILED", StateChangeReason: "TABLE_NOT_FOUND: line 1:15: Table 'x' does not exist" },
      /^SpecError: shop \(athena:\/\/us-east-1\/primary\/home_genius_db\): TABLE_NOT_FOUND.*The statement: SELECT/,
    ],
    [
      "permissions of Glue",
      {
        State: "FAILED",
        StateChangeReason:
          "Insufficient permissions to execute the query. User is not authorized to perform: glue:GetTable",
      },
      /^FatalError: .* does not allow it: Insufficient permissions/,
    ],
    [
      "an error of Athena's own, again and again",
      { State: "FAILED", StateChangeReason: "GENERIC_INTERNAL_ERROR: oops", AthenaError: { Retryable: true } },
      /^FatalError: .*GENERIC_INTERNAL_ERROR.*3 times in a row; giving up/,
    ],
    [
      "cancelled by somebody",
      { State: "CANCELLED", StateChangeReason: "Query cancelled by user" },
      /^FatalError: .*query query-1 was cancelled: Query cancelled by user/,
    ],
  ];
  it.each(failures)("failed: %s", async (_, state, expected) => {
    const server = await athenaServer();
    server.states = [{ State: "RUNNING" }, state as Record<string, unknown>];
    const { source } = await open(server, table);
    const failure = await readPages(source).then(
      () => "",
      (error: Error) => `${error.name}: ${error.message}`,
    );
    expect(failure).toMatch(expected);
    expect(server.stopped).toEqual([]);
  });

  it("a query that takes too long is stopped, for it is billed", async () => {
    const server = await athenaServer();
    server.states = [{ State: "RUNNING" }];
    const { source } = await open(server, table, { connection: { statement_timeout: "700ms" } });
    await expect(readPages(source)).rejects.toThrow(
      /longer than statement_timeout: query query-1 is still RUNNING after 700ms/,
    );
    expect(server.stopped).toEqual(["query-1"]);
  });

  it("a run that is stopped stops its query", async () => {
    const server = await athenaServer();
    server.states = [{ State: "RUNNING" }];
    const { source, stop } = await open(server, table);
    setTimeout(() => stop.abort(new Error("stopped")), 300);
    await expect(readPages(source)).rejects.toThrow("stopped");
    await source.close();
    expect(server.stopped).toEqual(["query-1"]);
  });

  it("throttling is waited out, at every call", async () => {
    const server = await athenaServer();
    server.throttle = ["StartQueryExecution", "GetQueryExecution", "GetQueryResults", "GetQueryResults"];
    server.columns = { estimate_id: "varchar" };
    server.rows = [["e1"]];
    const { source } = await open(server, table);
    expect(await readRecords(source)).toEqual([{ estimate_id: "e1" }]);
    expect(server.queries).toHaveLength(1);
  }, 60_000);

  it("credentials that are refused say so, and are not shown", async () => {
    const server = await athenaServer();
    server.refuse = {
      status: 400,
      type: "UnrecognizedClientException",
      message: "The security token included in the request is invalid.",
    };
    const { source } = await open(server, table);
    const failure = await readPages(source).catch((error: Error) => error.message);
    expect(failure).toMatch(/refused the user or the password: The security token/);
    expect(failure).not.toContain("an-example-of-a-key");
  });

  it("a column that the catalog does not know, with the one that was meant; nothing is run", async () => {
    const server = await athenaServer();
    server.table = ["estimate_id", "updated_at"];
    const { source } = await open(server, { table: "lead_results" }, { columns: ["estimate_id", "updated_a"] });
    await expect(readPages(source)).rejects.toThrow(
      'table lead_results has no column "updated_a". Did you mean "updated_at"?',
    );
    expect(server.queries).toEqual([]);
  });

  it("a table that the catalog does not know", async () => {
    const server = await athenaServer();
    server.table = { error: "EntityNotFoundException" };
    const { source } = await open(server, { table: "lead_result" });
    await expect(readPages(source)).rejects.toThrow("there is no table lead_result");
  });

  it("the test of the connection reads no table; a plan runs nothing", async () => {
    const server = await athenaServer();
    server.table = ["estimate_id"];
    const { source } = await open(server, table);
    expect(await source.check!()).toBe("Amazon Athena at athena://us-east-1/primary/home_genius_db");
    expect(server.queries.map(({ sql }) => sql)).toEqual(["SELECT 1 AS one"]);
    const plan = await source.forecast!({
      incremental: false,
      window: windowOf("1970-01-01T00:00:00.000000Z"),
      resume: {},
    });
    expect(plan.request).toMatchObject({ method: "SQL", url: "athena://us-east-1/primary/home_genius_db" });
    expect(server.queries).toHaveLength(1);
  });

  it("SalesPro's lead results: JSON in a column, pivoted, a delta with what changed", async () => {
    const server = await athenaServer();
    const results = (result: string): string =>
      JSON.stringify([
        { title: " Result ", value: result },
        { title: "One Year Price", value: "$1,250.00" },
      ]);
    server.columns = { estimate_id: "varchar", lead_results: "varchar", updated_at: "timestamp" };
    server.rows = [
      ["e1", results("[DNS] too dear"), "2026-06-01 10:00:00.000"],
      ["e2", results("Sold"), "2026-06-01 11:00:00.123"],
    ];
    const runs = await DatabaseRuns.open(athenaConnection(server.url), {
      source: {
        type: "database",
        connection: "shop",
        ...table,
        parse_json: ["lead_results"],
        pagination: { type: "none" },
        delta: { columns: ["updated_at"], type: "timestamp", overlap: "5m" },
      },
      let: { r: "lead_results{ $trim(title): value[0] }" },
      mapping: {
        id: "estimate_id",
        result: "$r.Result",
        one_year_price: {
          from: '$r."1 Year Price" ? $r."1 Year Price" : $r."One Year Price"',
          type: "decimal(12,2)",
          format: "money",
        },
        updated_at: { from: "updated_at", type: "timestamp" },
      },
      upsert: { keys: ["id"], newer_by: "updated_at" },
      sink: { table: "thing" },
    });
    expect(await runs.run()).toMatchObject({ created: 2, rejected: 0 });
    expect(await runs.rows("id, result, one_year_price")).toEqual([
      { id: "e1", result: "[DNS] too dear", one_year_price: "1250.00" },
      { id: "e2", result: "Sold", one_year_price: "1250.00" },
    ]);
    expect(await runs.watermark()).toBe("2026-06-01 11:00:00.123");
    server.rows = [["e2", results("Sold again"), "2026-06-01 11:30:00.000"]];
    expect(await runs.run()).toMatchObject({ fetched: 1, updated: 1 });
    expect(server.queries.at(-1)!.values[0]).toBe("TIMESTAMP '2026-06-01 10:55:00.123000'");
  });
});

describe("moto", () => {
  let moto: Moto | undefined;
  beforeAll(async () => {
    moto = await startMoto();
  }, 300_000);
  afterAll(() => moto?.stop());

  it("signed calls: a query is started, waited for and read, into a warehouse", async ({ skip }) => {
    if (!moto) return skip("there is no moto");
    await moto.answer({ customer_id: "varchar", amount: "bigint", updated_at: "timestamp" }, [
      ["c1", "12", "2026-06-01 10:00:00.000"],
      ["c2", null, "2026-06-01 11:00:00.000"],
    ]);
    const runs = await DatabaseRuns.open(athenaConnection(moto.url), {
      source: {
        type: "database",
        connection: "shop",
        table: "customer",
        where: "customer_id IS NOT NULL AND customer_id <> ''",
        delta: { columns: ["updated_at"], overlap: "5m" },
      },
      mapping: {
        id: "customer_id",
        amount: { from: "amount", type: "bigint" },
        updated_at: { from: "updated_at", type: "timestamp" },
      },
      upsert: { keys: ["id"] },
      sink: { table: "thing" },
    });
    expect(await runs.run()).toMatchObject({ status: "success", created: 2 });
    expect(await runs.rows("id, amount")).toEqual([
      { id: "c1", amount: 12 },
      { id: "c2", amount: null },
    ]);
    return undefined;
  }, 120_000);
});
