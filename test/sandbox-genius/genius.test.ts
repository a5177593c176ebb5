/** The Genius sandbox itself: the same rows everywhere, and every value in them that a legacy database holds. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GeniusSandbox, oneTimestamp, startGeniusSandbox, wallTime } from "../../sandbox/genius/index.ts";
import { hasMysql, mysqlServer } from "../support/mysql.ts";

type Rows = Record<string, string | null>[];

async function everything(sandbox: GeniusSandbox): Promise<Record<string, Rows>> {
  const all: Record<string, Rows> = {};
  for (const name of sandbox.tables.keys()) all[name] = await sandbox.all(name);
  return all;
}

describe("in a SQLite file", () => {
  let sandbox: GeniusSandbox;
  let rows: Record<string, Rows>;
  beforeAll(async () => {
    sandbox = await startGeniusSandbox({ on: "sqlite" });
    rows = await everything(sandbox);
  });
  afterAll(() => sandbox.close());

  it("has the 30 tables that are mirrored and the two that are joined, all with rows", () => {
    expect(rows).toMatchObject({ users_userassociations: {}, third_party_source: {}, third_party_source_type: {} });
    expect(Object.keys(rows)).toHaveLength(32);
    expect(Object.entries(rows).filter(([, list]) => list.length === 0)).toEqual([]);
  });

  it("gives the same rows for the same seed, and others for another", async () => {
    const same = await startGeniusSandbox({ on: "sqlite" });
    const other = await startGeniusSandbox({ on: "sqlite", seed: 2 });
    expect(await everything(same)).toEqual(rows);
    expect(await other.all("job")).not.toEqual(rows["job"]);
    await same.close();
    await other.close();
  });

  it.each<[what: string, table: string, is: (row: Record<string, string | null>) => boolean]>([
    ["a zero date", "user_data", (row) => row["birth_date"] === "0000-00-00"],
    ["a zero time", "user_data", (row) => row["hired_on"] === "0000-00-00 00:00:00"],
    ["a negative TIME", "appointment", (row) => row["duration"] === "-02:30:00"],
    ["a TIME of weeks", "appointment", (row) => row["duration"] === "838:59:59"],
    ["an empty text", "prospect", (row) => row["email"] === ""],
    ["a text of blanks", "prospect", (row) => row["city"] === " "],
    ["no updated_at, but added_on", "lead", (row) => row["updated_at"] === null && row["added_on"] !== null],
    ["a zero updated_at", "lead", (row) => row["updated_at"] === "0000-00-00 00:00:00"],
    ["no updated_at, but add_date", "prospect_source", (row) => row["updated_at"] === null],
    ["no updated_at, but created_at", "marketing_source_type", (row) => row["updated_at"] === null],
    ["an id of another system", "third_party_source", (row) => row["third_party_id"] === "0035e00000AbCdEAAV"],
    ["an id beyond 2^53", "third_party_source", (row) => row["third_party_id"] === "9007199254740993"],
    ["four-byte characters", "prospect", (row) => row["notes"]?.includes("😀") === true],
    ["a decimal at its limit", "job", (row) => row["job_value"] === "999999999.99"],
    ["microseconds", "appointment", (row) => /\.\d{6}$/.test(row["updated_at"] ?? "")],
    ["a secret", "division_group", (row) => row["paysimple_secret"] === "never-to-be-read"],
  ])("holds %s", (_, table, is) => {
    expect(rows[table]!.filter(is).length).toBeGreaterThan(0);
  });

  it("holds texts that are longer than the original's columns were", () => {
    const longest = Math.max(...rows["prospect"]!.map((row) => [...(row["address2"] ?? "")].length));
    expect(longest).toBeGreaterThan(255);
  });

  it("stamps what is changed and made with the wall clock of its zone, and takes rows away", async () => {
    const at = new Date("2026-07-04T19:30:15.123Z");
    const live = await startGeniusSandbox({ on: "sqlite", now: () => at });
    const [touched] = await live.touch({ table: "lead", values: { city: "Elsewhere" } });
    const [made] = await live.create({ table: "appointment" });
    const gone = await live.remove({ table: "job", count: 3 });
    const leads = await live.all("lead");
    expect(leads.find((row) => row["lead_id"] === String(touched!["lead_id"]))).toMatchObject({
      city: "Elsewhere",
      updated_at: "2026-07-04 12:30:15",
    });
    const appointments = await live.all("appointment");
    expect(appointments.find((row) => row["id"] === String(made!["id"]))).toMatchObject({
      updated_at: "2026-07-04 12:30:15.123000",
      add_date: "2026-07-04 12:30:15",
    });
    expect(await live.all("job")).toHaveLength(rows["job"]!.length - gone.length);
    // Keys are not given again.
    expect(await live.create({ table: "job" })).toEqual([{ id: rows["job"]!.length + 1 }]);
    await live.close();
  });

  it("gives many rows one updated_at where a table is large enough", async () => {
    const large = await startGeniusSandbox({ on: "sqlite", counts: { quote: 500 }, oneTimestamp: 200 });
    const at = (await large.all("quote")).filter((row) => row["updated_at"] === oneTimestamp);
    expect(at).toHaveLength(200);
    await large.close();
  });

  it("refuses tables that are not there and more rows than there are", async () => {
    await expect(sandbox.touch({ table: "leads" })).rejects.toThrow("there is no table leads");
    await expect(sandbox.remove({ table: "division_group", count: 90 })).rejects.toThrow("has 4 rows");
    await expect(sandbox.touch({ table: "job_status" })).rejects.toThrow("has no updated_at");
    await expect(startGeniusSandbox({ on: "sqlite", counts: { leads: 1 } })).rejects.toThrow("no table leads");
    await expect(startGeniusSandbox({ on: "sqlite", records: -1 })).rejects.toThrow("records must be");
  });

  it("leaves no file", async () => {
    const short = await startGeniusSandbox({ on: "sqlite", records: 1 });
    const file = short.url.replace("sqlite:", "");
    expect(existsSync(file)).toBe(true);
    await short.close();
    expect(existsSync(file)).toBe(false);
  });
});

it("takes SQLite where no MySQL answers, unless MySQL it must be", async () => {
  const server = "mysql://root@127.0.0.1:1";
  const sandbox = await startGeniusSandbox({ server, records: 1 });
  expect(sandbox.dialect).toBe("sqlite");
  await sandbox.close();
  await expect(startGeniusSandbox({ server, on: "mysql" })).rejects.toThrow("no MySQL or MariaDB answers");
});

describe.skipIf(!hasMysql)("in MySQL or MariaDB", () => {
  it("holds the same rows as in SQLite, in a database that is gone afterwards", async () => {
    const mysql = await startGeniusSandbox({ on: "any", server: mysqlServer });
    const sqlite = await startGeniusSandbox({ on: "sqlite" });
    expect(mysql.dialect).toBe("mysql");
    expect(await everything(mysql)).toEqual(await everything(sqlite));
    const name = new URL(mysql.url).pathname.slice(1);
    const found = `SELECT count(*) AS n FROM information_schema.schemata WHERE schema_name = '${name}'`;
    expect(await mysql.query(found)).toEqual([{ n: "1" }]);
    await mysql.close();
    const other = await startGeniusSandbox({ on: "mysql", server: mysqlServer, records: 1 });
    expect(await other.query(found)).toEqual([{ n: "0" }]);
    await other.close();
    await sqlite.close();
  });
});

it("tells the time of the wall in winter and in summer", () => {
  expect(wallTime(new Date("2026-01-01T08:00:00Z"), "America/Los_Angeles")).toBe("2026-01-01 00:00:00");
  expect(wallTime(new Date("2026-07-01T06:59:59.9Z"), "America/Los_Angeles", 6)).toBe("2026-06-30 23:59:59.900000");
});
