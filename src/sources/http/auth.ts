/** How a request is authorised: `(now) -> headers and query items`, compiled once. */
import { FatalError } from "../../errors.ts";
import type { Connection } from "../../spec/types.ts";
import { compileTemplate, type Scope } from "../../template/index.ts";

/** What a connection adds to every request that goes to its own host. */
export interface Credentials {
  /** Names in lower case. */
  headers: Record<string, string>;
  query: Record<string, string>;
}

/** Compiles the connection's headers and auth. Auth wins over a header of the same name. */
export function compileCredentials(connection: Connection): (scope: Scope) => Credentials {
  const { auth } = connection;
  const headers = compileHeaders({ ...connection.headers, ...(auth?.type === "header" ? auth.headers : {}) });
  switch (auth?.type) {
    case "bearer":
      return (scope) => ({ headers: { ...headers(scope), authorization: `Bearer ${auth.token}` }, query: {} });
    case "basic": {
      // RFC 7617: the bytes of user:password, UTF-8.
      const encoded = Buffer.from(`${auth.username}:${auth.password}`, "utf8").toString("base64");
      return (scope) => ({ headers: { ...headers(scope), authorization: `Basic ${encoded}` }, query: {} });
    }
    case "query":
      return (scope) => ({ headers: headers(scope), query: auth.query });
    default:
      return (scope) => ({ headers: headers(scope), query: {} });
  }
}

function compileHeaders(headers: Readonly<Record<string, string>>): (scope: Scope) => Record<string, string> {
  const templates = Object.entries(headers).map(
    ([name, value]) => [name.toLowerCase(), compileTemplate(value)] as const,
  );
  return (scope) =>
    Object.fromEntries(
      templates.map(([name, template]) => [name, textOf(name, template.render(scope, { mode: "text" }))]),
    );
}

function textOf(name: string, value: string | symbol): string {
  if (typeof value === "string") return value;
  throw new FatalError(`the header ${name} of the connection has no value`);
}
