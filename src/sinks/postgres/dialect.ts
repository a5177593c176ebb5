/** Kysely over the sink's one connection: a pool of one that is never used up, and that somebody else closes. */
import { type Dialect, PostgresDialect, type PostgresPoolClient } from "kysely";
import type { Session } from "./session.ts";

export function postgresDialect(session: Session): Dialect {
  // Kysely's type has the cursors' signature as well, which is for streaming and is not offered here.
  const query = (sql: string, parameters: readonly unknown[]): Promise<unknown> => session.send(sql, [...parameters]);
  const client: PostgresPoolClient = {
    query: query as PostgresPoolClient["query"],
    release: () => {},
  };
  return new PostgresDialect({
    pool: { connect: async () => client, end: async () => {}, options: {} },
  });
}
