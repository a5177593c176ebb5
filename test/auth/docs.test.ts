/** The connections of docs/api-source.md, as they stand there, each against a server that checks what it is sent. */
import { createHmac, randomBytes, verify } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { loadSpecs, openContext, openEngine } from "../../src/cli/context.ts";
import { openPipelineSource } from "../../src/runtime/open-source.ts";
import { credentialStoreOf } from "../../src/runtime/state/credentials.ts";
import { formatProblems } from "../../src/spec/problem.ts";
import { readPages, recordsOf } from "../api/harness.ts";
import { json, type Seen, serve } from "../http/server.ts";
import { formOf, keyPair } from "./support.ts";

const page = readFileSync(new URL("../../docs/api-source.md", import.meta.url), "utf8");
const section = /^## Who asks[\s\S]*?(?=^## |$(?![\s\S]))/m.exec(page)?.[0] ?? "";
const examples = new Map(
  [...section.matchAll(/^```yaml\n(connection: (\w+)\n[\s\S]*?)^```$/gm)].map(([, yaml, name]) => [name!, yaml!]),
);

const { pem, publicKey } = keyPair("rsa");
const basicOf = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

interface Case {
  /** Variables, given the server's address. */
  env(url: string): Record<string, string>;
  /** The reply to a good token request. */
  token?(request: Seen, url: string): object | undefined;
  /** True for a request for data that carries what it should. */
  good(request: Seen): boolean;
  /** In the credential store before the run, and after it. */
  stored?: [before: string, after: string];
}

const bearer = (request: Seen): boolean => request.headers.authorization === "Bearer t0ken";

const cases: Record<string, Case> = {
  callrail: {
    env: (url) => ({ CALLRAIL_URL: url, CALLRAIL_API_KEY: "k3y-1" }),
    good: ({ headers }) => headers.authorization === 'Token token="k3y-1"',
  },
  marketsharp: {
    env: (url) => ({
      MARKETSHARP_URL: url,
      MARKETSHARP_COMPANY_ID: "77",
      MARKETSHARP_API_KEY: "a{{p}}i",
      MARKETSHARP_SECRET_KEY: Buffer.from("bytes").toString("base64"),
    }),
    good({ headers }) {
      const [company, key, epoch, signature] = headers.authorization!.split(":");
      return (
        company === "77" &&
        key === "a{{p}}i" &&
        signature === createHmac("sha256", "bytes").update(`77a{{p}}i${epoch}`).digest("base64")
      );
    },
  },
  shop: {
    env: (url) => ({ SHOP_URL: url, SHOP_CLIENT_ID: "client", SHOP_CLIENT_SECRET: "s3cret" }),
    token(request) {
      const { grant_type, scope, audience } = formOf(request);
      if (request.headers.authorization !== basicOf("client", "s3cret")) return undefined;
      if (
        grant_type !== "client_credentials" ||
        scope !== "orders.read customers.read" ||
        audience !== "https://api.shop.example.com/"
      )
        return undefined;
      return { access_token: "t0ken", expires_in: 60 };
    },
    good: bearer,
  },
  salesforce: {
    env: (url) => ({
      SALESFORCE_LOGIN_URL: url,
      SALESFORCE_PRIVATE_KEY: pem,
      SALESFORCE_CLIENT_ID: "3MVG9",
      SALESFORCE_USER: "me@example.com",
    }),
    token(request, url) {
      const [head, body, signature] = formOf(request)["assertion"]!.split(".");
      const claims = JSON.parse(Buffer.from(body!, "base64url").toString()) as Record<string, unknown>;
      const valid = verify("sha256", Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature!, "base64url"));
      if (
        !valid ||
        claims["iss"] !== "3MVG9" ||
        claims["sub"] !== "me@example.com" ||
        Number(claims["exp"]) - Number(claims["iat"]) !== 180
      )
        return undefined;
      return { access_token: "t0ken", instance_url: `${url}/instance`, token_type: "Bearer" };
    },
    good: (request) => bearer(request) && request.path === "/instance/rows",
  },
  sheets: {
    env: (url) => ({
      SHEETS_URL: url,
      SHEETS_TOKEN_URL: `${url}/token`,
      SHEETS_CLIENT_ID: "c",
      SHEETS_CLIENT_SECRET: "s3cret",
      SHEETS_REFRESH_TOKEN: "r3fresh",
    }),
    token(request) {
      const same =
        JSON.stringify(formOf(request)) ===
        JSON.stringify({
          grant_type: "refresh_token",
          refresh_token: "r3fresh",
          client_id: "c",
          client_secret: "s3cret",
        });
      return same ? { access_token: "t0ken", expires_in: 3600 } : undefined;
    },
    good: bearer,
  },
  quickbooks: {
    env: (url) => ({
      QUICKBOOKS_URL: url,
      QUICKBOOKS_TOKEN_URL: `${url}/token`,
      QUICKBOOKS_CLIENT_ID: "q",
      QUICKBOOKS_CLIENT_SECRET: "s3cret",
      ETL_CREDENTIALS_KEY: randomBytes(32).toString("base64"),
    }),
    stored: ["r-1", "r-2"],
    token: (request) =>
      formOf(request)["refresh_token"] === "r-1" && request.headers.authorization === basicOf("q", "s3cret")
        ? { access_token: "t0ken", refresh_token: "r-2", expires_in: 3600 }
        : undefined,
    good: bearer,
  },
};

it("every example is tried", () => {
  expect([...examples.keys()].sort()).toEqual(Object.keys(cases).sort());
});

it.each(Object.entries(cases))("%s", async (name, { env, token, good, stored }) => {
  const folder = mkdtempSync(join(tmpdir(), "etl-docs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const server = await serve((request, response) => {
    if (request.method === "POST") {
      const reply = token?.(request, server.url);
      return reply ? json(response, reply) : json(response, { error: "invalid_request" }, { status: 400 });
    }
    return good(request) ? json(response, { rows: [{ id: 1 }] }) : json(response, {}, { status: 403 });
  });
  mkdirSync(join(folder, "pipelines"));
  writeFileSync(join(folder, "etl.yml"), "warehouse: sqlite:warehouse.db\n");
  writeFileSync(join(folder, "pipelines/connection.yml"), examples.get(name)!);
  writeFileSync(
    join(folder, "pipelines/rows.yml"),
    `pipeline: ${name}.rows\nsource: { type: api, connection: ${name}, request: { path: /rows }, records: rows }\nmapping: { id: { from: id, type: bigint } }\nupsert: { keys: [id] }\nsink: { table: t }\n`,
  );
  const context = openContext([folder], {}, env(server.url));
  const { pipelines, problems } = loadSpecs([folder], context);
  expect(formatProblems(problems, "text")).toBe("");
  const engine = openEngine(context, { debug: false, quiet: true, signal: new AbortController().signal });
  const store = credentialStoreOf(engine);
  if (stored) await store!.replace(`${name}.refresh_token`, undefined, stored[0]);
  const source = await openPipelineSource({ pipeline: pipelines[0]!, engine, params: {} }, engine.signal);
  onTestFinished(() => source.close());
  expect(recordsOf(await readPages(source))).toEqual([{ id: 1 }]);
  if (stored) expect(await store!.get(`${name}.refresh_token`)).toBe(stored[1]);
  if (token) expect(engine.mask("it was t0ken")).toBe("it was ***");
});
