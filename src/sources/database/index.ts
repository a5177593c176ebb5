/** The database source: a table or a query of MySQL, MariaDB, PostgreSQL, SQLite or Athena, read by keys. */
import { SpecError } from "../../errors.ts";
import type { Source, SourceContext, SourceKind } from "../contract.ts";
import { dialects } from "./dialects/index.ts";
import { serverOptions } from "./server-options.ts";
import { DatabaseSource } from "./source.ts";

export const databaseSource: SourceKind = {
  /** @throws SpecError for a spec or a connection that is none of a database */
  async open(context: SourceContext): Promise<Source> {
    const { spec, connection } = context;
    if (spec.type !== "database") throw new SpecError(`the database source was given a source of type ${spec.type}`);
    if (connection?.type !== "database") throw new SpecError("a database source needs a connection of type database");
    const load = dialects[connection.dialect];
    if (!load) throw new SpecError(`there is no dialect "${connection.dialect}"`);
    for (const secret of [connection.secret_access_key, connection.session_token]) if (secret) context.secret?.(secret);
    if (connection.dialect !== "sqlite") {
      const { password } = serverOptions(connection, 0);
      if (password) context.secret?.(password);
    }
    return new DatabaseSource({ spec, connection, dialect: await load(), context });
  },
};
