/** Kysely over `node:sqlite`: Kysely's own SQLite dialect expects another driver, which is told apart by `reader`. */
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { SQLInputValue, StatementSync } from "node:sqlite";
import type { SqliteConnection } from "./connection.ts";

/** SQLite rolls DDL back like anything else; Kysely's adapter says no because of drivers that it does not know. */
class Adapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** A dialect on a connection that somebody else opens and closes. */
export function sqliteDialect(connection: SqliteConnection): Dialect {
  return {
    createDriver: () => driverOf(connection),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new Adapter(),
    createIntrospector: (database) => new SqliteIntrospector(database),
  };
}

function driverOf(connection: SqliteConnection): Driver {
  const shared = connectionOf(connection);
  const send = (sql: string) => async (): Promise<void> => {
    await shared.executeQuery(CompiledQuery.raw(sql));
  };
  return {
    init: async () => {},
    acquireConnection: async () => shared,
    // IMMEDIATE: a transaction that reads first and writes later could not get the lock when it needs it.
    beginTransaction: send("BEGIN IMMEDIATE"),
    commitTransaction: send("COMMIT"),
    rollbackTransaction: send("ROLLBACK"),
    releaseConnection: async () => {},
    destroy: async () => {},
  };
}

function connectionOf(connection: SqliteConnection): DatabaseConnection {
  return {
    executeQuery: <R>(query: CompiledQuery): Promise<QueryResult<R>> =>
      connection.whenFree((): QueryResult<R> => {
        const statement = prepare(connection, query.sql);
        const values = query.parameters.map(bindable);
        if (statement.columns().length > 0) return { rows: statement.all(...values).map((row) => readable<R>(row)) };
        const { changes, lastInsertRowid } = statement.run(...values);
        return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
      }),
    async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
      const statement = prepare(connection, query.sql);
      for (const row of statement.iterate(...query.parameters.map(bindable))) yield { rows: [readable<R>(row)] };
    },
  };
}

function prepare(connection: SqliteConnection, sql: string): StatementSync {
  const statement = connection.prepare(sql);
  statement.setReadBigInts(true); // without it an integer beyond 2^53 throws
  return statement;
}

/** node:sqlite binds every number as a REAL, which a TEXT column would keep as "5.0". */
function bindable(value: unknown): SQLInputValue {
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === "boolean") return value ? 1n : 0n;
  return value as SQLInputValue;
}

/** Integers as numbers where a number holds them exactly, else as bigints. */
function readable<R>(row: Record<string, unknown>): R {
  for (const name in row) {
    const value = row[name];
    if (typeof value !== "bigint") continue;
    const number = Number(value);
    if (Number.isSafeInteger(number)) row[name] = number;
  }
  return row as R;
}
