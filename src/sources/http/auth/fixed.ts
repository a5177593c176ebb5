/** Credentials that stand in the connection: bearer, basic, query keys, and headers that may be signed. */
import { FatalError } from "../../../errors.ts";
import type { Connection } from "../../../spec/types.ts";
import { compileTemplate, type Scope } from "../../../template/index.ts";
import { type Authoriser, type Credentials, sameOrigin } from "./contract.ts";

/** @param secret is told what is made of secrets here, so that it can be masked: the text of HTTP Basic. */
export function fixedAuthoriser(connection: Connection, secret: (value: string) => void): Authoriser {
  const credentials = compileCredentials(connection, secret);
  return {
    baseUrl: async () => connection.base_url,
    route: async (url) => ({ url, authorised: sameOrigin(url, connection.base_url) }),
    credentials: async (scope) => credentials(scope),
    refuses: async () => false,
    renew: async () => {},
  };
}

/** Compiles the connection's headers and auth. Auth wins over a header of the same name. */
function compileCredentials(connection: Connection, secret: (value: string) => void): (scope: Scope) => Credentials {
  const { auth } = connection;
  const headers = compileHeaders(connection.headers);
  switch (auth?.type) {
    case "bearer":
      return (scope) => ({ headers: { ...headers(scope), authorization: `Bearer ${auth.token}` }, query: {} });
    case "basic": {
      const authorization = basicHeader(auth.username, auth.password);
      secret(authorization.slice("Basic ".length));
      return (scope) => ({ headers: { ...headers(scope), authorization }, query: {} });
    }
    case "header": {
      const signed = compileHeaders(auth.headers);
      const { vars = {} } = auth;
      return (scope) => ({
        headers: { ...headers(scope), ...signed({ ...scope, values: { ...vars, ...scope.values } }) },
        query: {},
      });
    }
    case "query":
      return (scope) => ({ headers: headers(scope), query: auth.query });
    default:
      return (scope) => ({ headers: headers(scope), query: {} });
  }
}

/** RFC 7617: the bytes of user:password, UTF-8. */
export function basicHeader(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}

/** Compiles headers whose values are templates. */
export function compileHeaders(
  headers: Readonly<Record<string, string>> = {},
): (scope: Scope) => Record<string, string> {
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
