/** The registry of dialects: one line each. A dialect loads its driver when it is first used. */
import type { Dialect } from "./contract.ts";

export const dialects: Record<string, () => Promise<Dialect>> = {
  mysql: async () => (await import("./mysql/index.ts")).mysqlDialect,
  postgres: async () => (await import("./postgres/index.ts")).postgresDialect,
  athena: async () => (await import("./athena/index.ts")).athenaDialect,
  sqlite: async () => (await import("./sqlite/index.ts")).sqliteDialect,
};
