/** Values of every type, as records have them: nothing is lost, nothing is guessed. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { servers, type TestDatabase } from "./servers.ts";
import { loadOne, openDatabase, readRecords } from "./source.ts";

/** Type, the value in SQL, and what the record holds. */
type Case = [type: string, sql: string, expected: unknown];

const cases: Record<string, Case[]> = {
  mysql: [
    ["BIGINT", "9223372036854775807", "9223372036854775807"],
    ["BIGINT", "-9223372036854775808", "-9223372036854775808"],
    ["BIGINT", "9007199254740991", 9007199254740991],
    ["BIGINT UNSIGNED", "18446744073709551615", "18446744073709551615"],
    ["INT UNSIGNED", "4294967295", 4294967295],
    ["TINYINT UNSIGNED", "255", 255],
    ["TINYINT", "-128", -128],
    ["TINYINT(1)", "1", 1],
    ["TINYINT(1)", "0", 0],
    ["SMALLINT UNSIGNED", "65535", 65535],
    ["MEDIUMINT", "-8388608", -8388608],
    [
      "DECIMAL(65,30)",
      "12345678901234567890.123456789012345678901234567890",
      "12345678901234567890.123456789012345678901234567890",
    ],
    ["DECIMAL(10,2)", "19.90", 19.9],
    ["DECIMAL(10,2)", "-0.01", -0.01],
    ["FLOAT", "0.1", 0.1],
    ["FLOAT", "16777217", 16777216],
    ["DOUBLE", "0.1", 0.1],
    ["DOUBLE", "1.7976931348623157e308", 1.7976931348623157e308],
    ["DATE", "'2026-02-28'", "2026-02-28"],
    ["DATE", "'0000-00-00'", "0000-00-00"],
    ["DATETIME", "'2026-11-01 01:30:00'", "2026-11-01 01:30:00"],
    ["DATETIME(6)", "'2026-11-01 01:30:00.123456'", "2026-11-01 01:30:00.123456"],
    ["DATETIME(6)", "'2026-11-01 01:30:00.000001'", "2026-11-01 01:30:00.000001"],
    ["DATETIME(3)", "'2026-11-01 01:30:00.120'", "2026-11-01 01:30:00.120"],
    ["DATETIME", "'2026-11-01 00:00:00'", "2026-11-01 00:00:00"],
    ["DATETIME", "'0000-00-00 00:00:00'", "0000-00-00 00:00:00"],
    ["DATETIME", "'1000-01-01 00:00:00'", "1000-01-01 00:00:00"],
    ["TIMESTAMP(6) NULL", "'2026-11-01 08:30:00.5'", "2026-11-01 08:30:00.500000Z"],
    ["TIMESTAMP NULL", "'0000-00-00 00:00:00'", "0000-00-00 00:00:00"],
    ["TIME", "'09:05:00'", "09:05:00"],
    ["TIME", "'-838:59:59'", "-838:59:59"],
    ["TIME", "'838:59:59'", "838:59:59"],
    ["TIME(6)", "'-00:00:00.000001'", "-00:00:00.000001"],
    ["YEAR", "2026", 2026],
    ["YEAR", "0", 0],
    ["BIT(1)", "b'1'", 1],
    ["BIT(8)", "b'10000001'", 129],
    ["BIT(64)", "b'1111111111111111111111111111111111111111111111111111111111111111'", "18446744073709551615"],
    ["ENUM('new','sold')", "'sold'", "sold"],
    ["SET('a','b','c')", "'a,c'", "a,c"],
    ["JSON", `'{"a": 12345678901234567890, "b": [1, null]}'`, { a: "12345678901234567890", b: [1, null] }],
    ["VARCHAR(20) CHARACTER SET latin1", "'Zoë Müller'", "Zoë Müller"],
    ["TEXT CHARACTER SET utf8mb4", "'名前 😀 '' \\\\ end'", "名前 😀 ' \\ end"],
    ["CHAR(10)", "'ab'", "ab"],
    ["VARCHAR(10)", "''", ""],
    ["VARCHAR(10) COLLATE utf8mb4_bin", "'bin'", "bin"],
    ["INT", "NULL", null],
  ],
  postgres: [
    ["bigint", "9223372036854775807", "9223372036854775807"],
    ["bigint", "-9007199254740991", -9007199254740991],
    ["integer", "-2147483648", -2147483648],
    ["numeric", "12345678901234567890.12345678901234567890", "12345678901234567890.12345678901234567890"],
    ["numeric(10,2)", "19.90", 19.9],
    ["numeric", "'NaN'", "NaN"],
    ["real", "0.1", 0.1],
    ["double precision", "0.1", 0.1],
    ["double precision", "'Infinity'", "Infinity"],
    ["boolean", "true", true],
    ["boolean", "false", false],
    ["date", "'2026-02-28'", "2026-02-28"],
    ["timestamp", "'2026-11-01 01:30:00.123456'", "2026-11-01 01:30:00.123456"],
    ["timestamptz", "'2026-11-01 01:30:00.123456-08'", "2026-11-01 09:30:00.123456+00"],
    ["time", "'23:59:59.999999'", "23:59:59.999999"],
    ["interval", "'1 year 2 months -3 days 04:05:06.5'", "P1Y2M-3DT4H5M6.5S"],
    ["uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    ["json", `'{"a": 12345678901234567890}'`, { a: "12345678901234567890" }],
    ["jsonb", `'[1, {"b": null}]'`, [1, { b: null }]],
    ["text[]", "ARRAY['a', 'b c']", '{a,"b c"}'],
    ["char(4)", "'ab'", "ab  "],
    ["text", "'名前 😀 '' \\ end'", "名前 😀 ' \\ end"],
    ["inet", "'10.0.0.1'", "10.0.0.1"],
    ["money", "'12.50'::numeric", "$12.50"],
    ["integer", "NULL", null],
  ],
  sqlite: [
    ["INTEGER", "9223372036854775807", "9223372036854775807"],
    ["INTEGER", "9007199254740991", 9007199254740991],
    ["REAL", "0.1", 0.1],
    ["REAL", "9e999", "Infinity"],
    ["TEXT", "'名前 😀 '' \\ end'", "名前 😀 ' \\ end"],
    ["TEXT", "'2026-11-01T01:30:00.123456Z'", "2026-11-01T01:30:00.123456Z"],
    ["NUMERIC", "'19.90'", 19.9],
    ["BOOLEAN", "1", 1],
    ["INTEGER", "'not a number'", "not a number"],
    ["", "NULL", null],
  ],
};

describe.each(servers.filter(({ skip }) => !skip))("$name", (server) => {
  let database: TestDatabase;
  const rows = cases[server.dialect]!;
  beforeAll(async () => {
    database = await server.open();
    const columns = rows.map(([type], at) => `c${at} ${type}`);
    // Zero dates are what older servers let in.
    const mode = server.dialect === "mysql" ? "SET sql_mode = '', time_zone = '+00:00'; " : "";
    await database.run(`${mode}CREATE TABLE thing (id INTEGER PRIMARY KEY, ${columns.join(", ")})`);
    await database.run(`${mode}INSERT INTO thing VALUES (1, ${rows.map(([, sql]) => sql).join(", ")})`);
    await database.run(
      `CREATE TABLE bytes (id INTEGER PRIMARY KEY, b ${server.dialect === "postgres" ? "bytea" : "BLOB"})`,
    );
    await database.run(`INSERT INTO bytes VALUES (1, ${server.dialect === "postgres" ? "'\\x00ff10'" : "x'00ff10'"})`);
  });
  afterAll(() => database.close());

  it("every value comes through exactly, in a table and in a query alike", async () => {
    const columns = ["id", ...rows.map((_, at) => `c${at}`)];
    const expected = Object.fromEntries([["id", 1], ...rows.map(([, , value], at) => [`c${at}`, value])]);
    const keyed = { pagination: { type: "keyset", keys: ["id"] } };
    const table = await openDatabase(loadOne(database.connection, { source: { table: "thing", ...keyed }, columns }));
    const [fromTable] = await readRecords(table.source);
    const named = (record: Record<string, unknown> | undefined): Record<string, unknown> =>
      Object.fromEntries(rows.map(([type, sql], at) => [`${at} ${type} ${sql}`, record?.[`c${at}`]]));
    expect(named(fromTable)).toEqual(named(expected));
    const query = await openDatabase(
      loadOne(database.connection, { source: { query: "SELECT * FROM thing WHERE {{keyset}}", ...keyed }, columns }),
    );
    expect(named((await readRecords(query.source))[0])).toEqual(named(expected));
  });

  it("bytes are refused by the column's name, or come as text where the spec says so", async () => {
    const read = async (binary: object): Promise<unknown> => {
      const opened = await openDatabase(
        loadOne(database.connection, { source: { table: "bytes", ...binary }, columns: ["id", "b"] }),
      );
      return (await readRecords(opened.source))[0]?.["b"];
    };
    await expect(read({})).rejects.toThrow(/column b is (?:binary|bytea)|column b is/);
    expect(await read({ binary: "base64" })).toBe("AP8Q");
    expect(await read({ binary: "hex" })).toBe("00ff10");
  });

  it("columns that nothing reads are not asked for: the bytes stay where they are", async () => {
    const opened = await openDatabase(loadOne(database.connection, { source: { table: "bytes" }, columns: ["id"] }));
    expect(await readRecords(opened.source)).toEqual([{ id: 1 }]);
  });
});
