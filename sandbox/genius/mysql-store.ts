/** A database of its own on a MySQL or MariaDB server, dropped at the end. */
import { randomBytes } from "node:crypto";
import type { Connection } from "mysql2/promise";
import type { Store } from "./store.ts";
import type { Cell } from "./table.ts";

const CONNECT_TIMEOUT_MS = 2_000;

/** Makes the database. Undefined where no server answers. */
export async function openMysqlStore(server: string): Promise<Store | undefined> {
  const connection = await connect(server);
  if (!connection) return undefined;
  const name = `genius_sandbox_${randomBytes(5).toString("hex")}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  // Zero dates are what a legacy database has, and what a strict server refuses.
  await connection.query("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'");
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  await connection.query(`USE ${name}`);
  return {
    dialect: "mysql",
    url: url.href,
    execute: async (sql, values = []) => void (await connection.query(sql, values as Cell[])),
    async query(sql, values = []) {
      const [rows] = await connection.query({ sql, values: values as Cell[], typeCast: (field) => field.string() });
      return rows as Record<string, string | null>[];
    },
    async transaction(work) {
      await connection.query("START TRANSACTION");
      try {
        await work();
        await connection.query("COMMIT");
      } catch (error) {
        await connection.query("ROLLBACK");
        throw error;
      }
    },
    async close() {
      try {
        await connection.query(`DROP DATABASE IF EXISTS ${name}`);
      } finally {
        await connection.end();
      }
    },
  };
}

async function connect(server: string): Promise<Connection | undefined> {
  const { createConnection } = await import("mysql2/promise");
  try {
    return await createConnection({ uri: server, connectTimeout: CONNECT_TIMEOUT_MS, charset: "utf8mb4" });
  } catch (error) {
    // No server, or none that lets us in: the same to whoever takes what there is.
    if (["ECONNREFUSED", "ENOTFOUND", "ETIMEDOUT", "ER_ACCESS_DENIED_ERROR", "EHOSTUNREACH"].includes(codeOf(error)))
      return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code);
}
