/** A MySQL or MariaDB for tests, where one answers: ETL_TEST_MYSQL_URL, else root without a password on the usual port. */
import { randomBytes } from "node:crypto";
import mysql from "mysql2/promise";

/** Its address, with a user that may create databases. */
export const mysqlServer = process.env["ETL_TEST_MYSQL_URL"] ?? "mysql://root@127.0.0.1:3306";

async function answers(): Promise<boolean> {
  try {
    const connection = await mysql.createConnection({ uri: mysqlServer, connectTimeout: 2_000 });
    await connection.end();
    return true;
  } catch {
    return false;
  }
}

/** False where there is none: the tests say that they are skipped. */
export const hasMysql = await answers();
if (!hasMysql)
  console.log(
    `skipped: no MySQL or MariaDB answers at ${new URL(mysqlServer).host}; set ETL_TEST_MYSQL_URL=mysql://user:password@host:3306`,
  );

export interface MysqlDatabase {
  name: string;
  /** `mysql://root@127.0.0.1:3306/test_…` */
  url: string;
  /** Runs SQL, several statements at once if need be, over a connection of its own. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

/** A database of its own for a test. */
export async function freshMysql(): Promise<MysqlDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  const url = new URL(mysqlServer);
  const run = async (uri: string, sql: string): Promise<Record<string, unknown>[]> => {
    const connection = await mysql.createConnection({
      uri,
      multipleStatements: true,
      dateStrings: true,
      charset: "utf8mb4",
    });
    try {
      const [rows] = await connection.query(sql);
      return rows as Record<string, unknown>[];
    } finally {
      await connection.end();
    }
  };
  await run(url.href, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  url.pathname = `/${name}`;
  return {
    name,
    url: url.href,
    query: (sql) => run(url.href, sql),
    drop: async () => {
      await run(new URL("/", url).href, `DROP DATABASE IF EXISTS ${name}`);
    },
  };
}
