/** A process of its own: asks for one access token over a stored refresh token, says so, and waits to be killed. */
import pino from "pino";
import { credentialStoreOf } from "../../src/runtime/state/credentials.ts";
import { openSink } from "../../src/sinks/index.ts";
import { openHttpClient } from "../../src/sources/http/index.ts";
import { newMetrics } from "../../src/sources/contract.ts";
import { connectionTo } from "../http/connection.ts";

const [url = "", warehouse = "", stored = ""] = process.argv.slice(2);
const client = openHttpClient({
  connection: connectionTo(url, {
    auth: {
      type: "oauth2",
      grant: "refresh_token",
      token_url: `${url}/token`,
      refresh_token: { stored },
      base_url: `'${url}'`,
    },
  }),
  log: pino({ level: "silent" }),
  metrics: newMetrics(),
  signal: new AbortController().signal,
  credentials: credentialStoreOf({ openSink, warehouse, variables: process.env }),
});
// Only a token tells the address: it is there now, its refresh token is stored, and nothing was asked with it.
await client.baseUrl();
console.log("there is a token");
setInterval(() => {}, 1_000);
