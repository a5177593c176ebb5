/** A database of its own for a test, on the server that the global setup started. */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

export interface FreshDatabase {
  /** `postgres://…/test_…`, as a warehouse address. */
  url: string;
  /** Runs SQL on a connection of its own, as another program would. */
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
  /** Drops the database and ends whoever is still connected. */
  drop(): Promise<void>;
}

export async function freshDatabase(): Promise<FreshDatabase> {
  const server = inject("postgresUrl");
  const name = `test_${randomBytes(6).toString("hex")}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  await queryOnce(new URL("/postgres", server).href, `CREATE DATABASE ${name}`);
  return {
    url: url.href,
    query: (text, values) => queryOnce(url.href, text, values),
    drop: async () => {
      await queryOnce(new URL("/postgres", server).href, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function queryOnce<R extends pg.QueryResultRow>(url: string, text: string, values?: unknown[]): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}
