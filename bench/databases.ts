/** The servers: where they are, databases of our own on them, what they are filled with. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import mysql from "mysql2/promise";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { orderColumns, orderTable } from "./orders.ts";

/** Everything that is made on a server has a name that begins so; with the process, for two may run at once. */
export const prefix = `bench_${process.pid}_`;

/** Address of a database on the PostgreSQL of `BENCH_POSTGRES`, a superuser's. */
export function postgresUrl(database: string): string {
  const url = new URL(process.env["BENCH_POSTGRES"] ?? "postgres://postgres@127.0.0.1:5432/postgres");
  url.pathname = `/${database}`;
  return url.href;
}

/** Address of a database on the MariaDB or MySQL of `BENCH_MYSQL`; its user must be allowed to make databases. */
export function mysqlUrl(database: string): string {
  const url = new URL(process.env["BENCH_MYSQL"] ?? "mysql://root@127.0.0.1:3306");
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs one statement, in UTC. */
export async function query<R extends pg.QueryResultRow>(url: string, text: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url, options: "-c TimeZone=UTC" });
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}

/** An empty database, and nothing of earlier runs left for the server to write. Gives its address. */
export async function emptyDatabase(name: string): Promise<string> {
  await dropDatabase(name);
  await query(postgresUrl("postgres"), `CREATE DATABASE ${name}`);
  await query(postgresUrl("postgres"), "CHECKPOINT");
  return postgresUrl(name);
}

export async function dropDatabase(name: string): Promise<void> {
  await query(postgresUrl("postgres"), `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** A table of PostgreSQL from a CSV file with a header. */
export async function copyCsv(url: string, table: string, file: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const into = client.query(copyFrom(`COPY ${table} FROM STDIN WITH (FORMAT csv, HEADER true)`));
    await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), into);
    await client.query(`ANALYZE ${table}`);
  } finally {
    await client.end();
  }
}

/** The table `orders` of MariaDB from a CSV file of all columns. Gives the address of its database. */
export async function fillMariadb(name: string, file: string): Promise<string> {
  const connection = await mysql.createConnection({
    uri: mysqlUrl(""),
    infileStreamFactory: () => createReadStream(file),
  });
  try {
    await connection.query(`DROP DATABASE IF EXISTS ${name}`);
    await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    await connection.query(`USE ${name}`);
    await connection.query("SET time_zone = '+00:00', unique_checks = 0");
    await connection.query(orderTable("orders", "mariadb"));
    const value = ({ name: column, kind }: (typeof orderColumns)[number]): string => {
      if (kind === "boolean") return `@${column} = 'true'`;
      return kind === "timestamp"
        ? `NULLIF(REPLACE(REPLACE(@${column}, 'T', ' '), 'Z', ''), '')`
        : `NULLIF(@${column}, '')`;
    };
    await connection.query(
      `LOAD DATA LOCAL INFILE 'orders' INTO TABLE orders CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' ` +
        `OPTIONALLY ENCLOSED BY '"' ESCAPED BY '' LINES TERMINATED BY '\\n' IGNORE 1 LINES ` +
        `(${orderColumns.map((column) => `@${column.name}`).join(", ")}) ` +
        `SET ${orderColumns.map((column) => `${column.name} = ${value(column)}`).join(", ")}`,
    );
    await connection.query("ANALYZE TABLE orders");
  } finally {
    await connection.end();
  }
  return mysqlUrl(name);
}

export async function dropMariadb(name: string): Promise<void> {
  const connection = await mysql.createConnection({ uri: mysqlUrl("") });
  await connection.query(`DROP DATABASE IF EXISTS ${name}`);
  await connection.end();
}

/** What answers, or undefined. */
export async function serverVersions(): Promise<{ postgres?: string; mariadb?: string }> {
  const found: { postgres?: string; mariadb?: string } = {};
  try {
    const [row] = await query<{ server_version: string }>(postgresUrl("postgres"), "SHOW server_version");
    found.postgres = row!.server_version;
  } catch {
    // none answers
  }
  try {
    const connection = await mysql.createConnection({ uri: mysqlUrl("") });
    const [rows] = await connection.query<mysql.RowDataPacket[]>("SELECT version() AS version");
    found.mariadb = String(rows[0]!["version"]);
    await connection.end();
  } catch {
    // none answers
  }
  return found;
}
