/** The Chinook music shop, all of it, from each database into each warehouse: the same rows whichever way. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshMysql, hasMysql, type MysqlDatabase } from "../support/mysql.ts";
import { type FreshDatabase, freshDatabase } from "../support/postgres.ts";
import { type TestWarehouse, warehouses } from "../support/warehouses.ts";
import { type DatabaseProject, databaseProject } from "./project.ts";

const data = fileURLToPath(new URL("../../../shared/data/chinook/", import.meta.url));
const sqliteFile = `${data}Chinook_Sqlite.sqlite`;
const present = existsSync(sqliteFile);
if (!present) console.log("skipped: Chinook of ../shared/data is not on this machine");

/** Tables and their columns as MySQL and SQLite name them; `!` marks keys. */
const tables: Record<string, Record<string, string>> = {
  Album: { "AlbumId!": "bigint", Title: "text", ArtistId: "bigint" },
  Artist: { "ArtistId!": "bigint", Name: "text" },
  Customer: {
    "CustomerId!": "bigint",
    FirstName: "text",
    LastName: "text",
    Company: "text",
    Address: "text",
    City: "text",
    State: "text",
    Country: "text",
    PostalCode: "text",
    Phone: "text",
    Fax: "text",
    Email: "text",
    SupportRepId: "bigint",
  },
  Employee: {
    "EmployeeId!": "bigint",
    LastName: "text",
    FirstName: "text",
    Title: "text",
    ReportsTo: "bigint",
    BirthDate: "timestamp",
    HireDate: "timestamp",
    Address: "text",
    City: "text",
    State: "text",
    Country: "text",
    PostalCode: "text",
    Phone: "text",
    Fax: "text",
    Email: "text",
  },
  Genre: { "GenreId!": "bigint", Name: "text" },
  Invoice: {
    "InvoiceId!": "bigint",
    CustomerId: "bigint",
    InvoiceDate: "timestamp",
    BillingAddress: "text",
    BillingCity: "text",
    BillingState: "text",
    BillingCountry: "text",
    BillingPostalCode: "text",
    Total: "decimal(10,2)",
  },
  InvoiceLine: {
    "InvoiceLineId!": "bigint",
    InvoiceId: "bigint",
    TrackId: "bigint",
    UnitPrice: "decimal(10,2)",
    Quantity: "integer",
  },
  MediaType: { "MediaTypeId!": "bigint", Name: "text" },
  Playlist: { "PlaylistId!": "bigint", Name: "text" },
  PlaylistTrack: { "PlaylistId!": "bigint", "TrackId!": "bigint" },
  Track: {
    "TrackId!": "bigint",
    Name: "text",
    AlbumId: "bigint",
    MediaTypeId: "bigint",
    GenreId: "bigint",
    Composer: "text",
    Milliseconds: "bigint",
    Bytes: "bigint",
    UnitPrice: "decimal(10,2)",
  },
};

const snake = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();

/** One pipeline a table; `named` is how the source names things. */
function writePipelines(project: DatabaseProject, named: (name: string) => string): void {
  for (const [table, columns] of Object.entries(tables)) {
    const names = Object.keys(columns).map((name) => name.replace("!", ""));
    const keys = Object.keys(columns).flatMap((name) => (name.endsWith("!") ? [name.slice(0, -1)] : []));
    project.write(snake(table), {
      source: {
        type: "database",
        connection: "shop",
        table: named(table),
        // Small pages, so that there are borders between them.
        pagination: { type: "keyset", keys: keys.map(named), size: 700 },
        ...(table === "Track" ? { parallel: 2 } : {}),
      },
      mapping: Object.fromEntries(
        names.map((name) => [
          snake(name),
          { from: named(name), type: columns[name] ?? columns[`${name}!`], trim: false },
        ]),
      ),
      upsert: { keys: keys.map(snake) },
      sink: { table: `shop_${snake(table)}` },
    });
  }
}

/** A value as all databases mean it: numbers without trailing zeros, times as instants. */
function canonical(value: unknown, type: string): string {
  if (value === null || value === undefined || value === "") return "-";
  if (type.startsWith("decimal")) return Number(value).toFixed(2);
  if (type === "timestamp")
    return new Date(`${String(value).replace(" ", "T").replace(/Z$/, "").slice(0, 19)}Z`).toISOString();
  return String(value);
}

/** CHAR(n) pads with blanks. */
function trimmed(value: unknown): unknown {
  return typeof value === "string" ? value.replace(/ +$/, "") : value;
}

function checksum(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => JSON.stringify(row)).sort();
  return `${rows.length} ${createHash("sha256").update(lines.join("\n")).digest("hex")}`;
}

type Ask = (sql: string) => Promise<Record<string, unknown>[]>;

/** What a source holds, read without any of our code. The scripts differ in a few blanks at the ends of texts. */
async function truth(ask: Ask, quote: (name: string) => string): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  for (const [table, columns] of Object.entries(tables)) {
    const names = Object.keys(columns).map((name) => name.replace("!", ""));
    const texts = names.map((name, at) => `CAST(${quote(name)} AS CHAR(250)) AS c${at}`);
    const rows = await ask(`SELECT ${texts.join(", ")} FROM ${quote(table)}`);
    sums[snake(table)] = checksum(
      rows.map((row) => Object.values(columns).map((type, at) => canonical(trimmed(row[`c${at}`]), type))),
    );
  }
  return sums;
}

async function stored(warehouse: TestWarehouse): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  for (const [table, columns] of Object.entries(tables)) {
    const names = Object.keys(columns).map((name) => snake(name.replace("!", "")));
    const rows = await warehouse.query(`SELECT ${names.join(", ")} FROM shop_${snake(table)}`);
    sums[snake(table)] = checksum(
      rows.map((row) => Object.values(columns).map((type, at) => canonical(trimmed(row[names[at]!]), type))),
    );
  }
  return sums;
}

const same = (name: string): string => name;

describe.skipIf(!present)("Chinook", () => {
  let mysql: MysqlDatabase | undefined;
  let postgres: FreshDatabase | undefined;

  beforeAll(async () => {
    postgres = await freshDatabase();
    await postgres.query(
      readFileSync(`${data}Chinook_PostgreSql.sql`, "utf8").replace(/^(?:DROP DATABASE|CREATE DATABASE|\\c).*$/gm, ""),
    );
    if (!hasMysql) return;
    mysql = await freshMysql();
    const script = readFileSync(`${data}Chinook_MySql.sql`, "utf8").replace(
      /^(?:DROP DATABASE|CREATE DATABASE|USE).*$/gm,
      "",
    );
    // Its texts hold backslashes that are meant as they stand.
    await mysql.query(`SET sql_mode = 'NO_BACKSLASH_ESCAPES'; ${script}`);
  }, 120_000);

  afterAll(async () => {
    await mysql?.drop();
    await postgres?.drop();
  });

  const fromFile: Ask = async (sql) => {
    const database = new DatabaseSync(sqliteFile, { readOnly: true });
    try {
      return database.prepare(sql.replaceAll("CHAR(250)", "TEXT")).all();
    } finally {
      database.close();
    }
  };
  const sources = [
    {
      name: "SQLite",
      named: same,
      skip: false,
      connection: () => ({ dialect: "sqlite", database: sqliteFile }),
      ask: fromFile,
      quote: (name: string) => `"${name}"`,
    },
    {
      name: "PostgreSQL",
      named: snake,
      skip: false,
      connection: () => ({ dialect: "postgres", url: postgres!.url }),
      // As JSON a time is written in one way, whatever the server's date style is.
      ask: ((sql) => postgres!.query(sql.replace(/CAST\((.+?) AS CHAR\(250\)\)/g, "to_jsonb($1) #>> '{}'"))) as Ask,
      quote: (name: string) => `"${snake(name)}"`,
    },
    {
      name: "MariaDB",
      named: same,
      skip: !hasMysql,
      connection: () => ({ dialect: "mysql", url: mysql!.url }),
      ask: ((sql) => mysql!.query(sql)) as Ask,
      quote: (name: string) => `\`${name}\``,
    },
  ];
  for (const source of sources) {
    for (const target of warehouses) {
      it.skipIf(source.skip)(
        `all 11 tables from ${source.name} into ${target.name}, equal by count and checksum`,
        async () => {
          const project = databaseProject(source.connection());
          writePipelines(project, source.named);
          const warehouse = await target.open();
          try {
            const runs = await project.run(".", warehouse.address);
            expect(runs.map(({ status }) => status)).toEqual(Object.keys(tables).map(() => "success"));
            expect(runs.reduce((sum, { created }) => sum + created, 0)).toBe(15_607);
            expect(await stored(warehouse)).toEqual(await truth(source.ask, source.quote));
          } finally {
            project.remove();
            await warehouse.close();
          }
        },
        120_000,
      );
    }
  }
});
