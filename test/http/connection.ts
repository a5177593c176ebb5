/** A connection to a test server, for processes that run no tests too. */
import { schemaValidator } from "../../src/spec/schema.ts";
import type { Connection } from "../../src/spec/types.ts";

/** A connection with the schema's defaults, but for retries that do not wait long. */
export function connectionTo(base_url: string, over: object = {}): Connection {
  const connection = { connection: "test", type: "api", base_url, retry: { wait: "1ms", max_wait: "5ms" }, ...over };
  const validate = schemaValidator("connection");
  if (!validate(connection)) throw new Error(JSON.stringify(validate.errors));
  return connection as unknown as Connection;
}
