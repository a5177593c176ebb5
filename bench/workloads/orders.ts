/** W3 to W5: orders from a CSV file, from PostgreSQL and from MariaDB, into an empty table of PostgreSQL. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  copyCsv,
  dropDatabase,
  dropMariadb,
  emptyDatabase,
  fillMariadb,
  postgresUrl,
  prefix,
  query,
} from "../databases.ts";
import type { Job } from "../contract.ts";
import { workFolder } from "../folders.ts";
import { orderColumns, orderTable, writeOrders } from "../orders.ts";
import type { Workload } from "./workload.ts";

export const csvOrders = ordersFrom("csv", "W3", "CSV → PostgreSQL, 10 columns", 10);
export const postgresOrders = ordersFrom("postgres", "W4", "PostgreSQL → PostgreSQL, 20 columns", 20);
export const mariadbOrders = ordersFrom("mariadb", "W5", "MariaDB → PostgreSQL, 20 columns", 20);

function ordersFrom(workload: Job["workload"], id: Workload["cases"]["first"], title: string, count: number): Workload {
  const columns = orderColumns.slice(0, count);
  return {
    workload,
    cases: { first: id },
    title,
    columns,
    rows: 1_000_000,
    async open(rows) {
      const file = await ordersFile(rows, count);
      const reference = await referenceDatabase(rows);
      const source = {
        file,
        database: workload === "mariadb" ? await mariadbWith(rows) : reference,
        api: { url: "", token: "" },
      };
      return {
        source,
        before: async () => {},
        expected: async () => ({ url: reference, table: "orders", constant: true }),
        close: async () => {},
      };
    },
  };
}

/** The file, made unless it is there. */
export async function ordersFile(rows: number, count: number): Promise<string> {
  const folder = join(workFolder, "data");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `orders-${rows}x${count}.csv`);
  await writeOrders(file, rows, count);
  return file;
}

const filled = new Map<string, string>();

/** The table that PostgreSQL itself makes of the file: what is read in W4, and what all must have in the end. */
async function referenceDatabase(rows: number): Promise<string> {
  const name = `${prefix}source_${rows}`;
  const known = filled.get(name);
  if (known) return known;
  const file = await ordersFile(rows, orderColumns.length);
  await emptyDatabase(name);
  const url = postgresUrl(name);
  await query(url, orderTable("orders", "postgres"));
  await copyCsv(url, "orders", file);
  filled.set(name, url);
  return url;
}

async function mariadbWith(rows: number): Promise<string> {
  const name = `${prefix}source_${rows}`;
  const key = `mariadb ${name}`;
  const known = filled.get(key);
  if (known) return known;
  const url = await fillMariadb(name, await ordersFile(rows, orderColumns.length));
  filled.set(key, url);
  return url;
}

/** Drops what was filled. */
export async function dropSources(): Promise<void> {
  for (const key of filled.keys()) {
    const [first, second] = key.split(" ");
    await (second ? dropMariadb(second) : dropDatabase(first!));
  }
  filled.clear();
}
