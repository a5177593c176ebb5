/** What each grant sends, checked where it arrives. */
import { verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { FatalError, SpecError, TransientError } from "../../src/errors.ts";
import { json, rejection, serve } from "../http/server.ts";
import { clientCredentials, formOf, keyPair, manualTime, oauthClient, tokenWorld } from "./support.ts";

describe("client_credentials", () => {
  it("asks by form, and carries the token", async () => {
    const world = await tokenWorld();
    const { get, metrics, secrets } = oauthClient(world.url, {
      ...clientCredentials,
      scopes: ["read", "write"],
      params: { audience: "https://api.example.com/" },
    });
    expect((await get()).text).toBe('{"ok":true}');
    expect(world.asked).toHaveLength(1);
    expect(world.asked[0]).toMatchObject({
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(formOf(world.asked[0]!)).toEqual({
      grant_type: "client_credentials",
      client_id: "an id",
      client_secret: "s3cr:et&more",
      scope: "read write",
      audience: "https://api.example.com/",
    });
    expect(world.read[0]!.headers.authorization).toBe(`Bearer ${world.given[0]}`);
    expect(secrets.has(world.given[0]!)).toBe(true);
    expect(metrics.apiCalls).toBe(2);
  });

  it("asks with HTTP Basic, each side encoded as in a form", async () => {
    const world = await tokenWorld();
    const { get, secrets } = oauthClient(world.url, { ...clientCredentials, send_as: "basic" });
    await get();
    const [scheme, encoded] = world.asked[0]!.headers.authorization!.split(" ");
    expect(scheme).toBe("Basic");
    const [id, secret] = Buffer.from(encoded!, "base64").toString().split(":").map(decodeURIComponent);
    expect([id, secret]).toEqual(["an id", "s3cr:et&more"]);
    expect(formOf(world.asked[0]!)).toEqual({ grant_type: "client_credentials" });
    expect(secrets.has(encoded!)).toBe(true);
  });

  it("asks by JSON", async () => {
    const world = await tokenWorld();
    await oauthClient(world.url, { ...clientCredentials, send_as: "json" }).get();
    expect(world.asked[0]!.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(world.asked[0]!.body)).toEqual({
      grant_type: "client_credentials",
      client_id: "an id",
      client_secret: "s3cr:et&more",
    });
  });

  it("carries the token in a header of another name, beside the connection's own headers", async () => {
    const server = await serve((request, response) =>
      json(response, request.path === "/token" ? { data: { key: "tok$&en" }, ttl: "60" } : {}),
    );
    const { get } = oauthClient(
      server.url,
      { ...clientCredentials, header: "X-Api-Token: key={token};v=1", token_field: "data.key", expires_field: "ttl" },
      { connection: { headers: { "X-Version": "2" } } },
    );
    await get();
    expect(server.seen[1]!.headers).toMatchObject({ "x-api-token": "key=tok$&en;v=1", "x-version": "2" });
    expect(server.seen[1]!.headers.authorization).toBeUndefined();
  });
});

describe("refresh_token", () => {
  it("asks with the refresh token; the same one in the reply changes nothing", async () => {
    const world = await tokenWorld({ reply: () => ({ body: { refresh_token: "r-1" } }) });
    const { get } = oauthClient(world.url, {
      grant: "refresh_token",
      refresh_token: "r-1",
      client_id: "c",
      client_secret: "s",
    });
    await get();
    expect(formOf(world.asked[0]!)).toEqual({
      grant_type: "refresh_token",
      refresh_token: "r-1",
      client_id: "c",
      client_secret: "s",
    });
  });
});

describe("jwt_bearer", () => {
  const claims = { iss: "app@example.com", scope: "sheets.readonly", aud: "https://login.example.com" };
  it.each([
    ["RS256", "rsa", "sha256"],
    ["RS512", "rsa", "sha512"],
    ["ES256", "ec", "sha256"],
  ] as const)("signs with %s, and the server can verify it", async (algorithm, kind, hash) => {
    const { pem, publicKey } = keyPair(kind);
    const seen: { header: unknown; claims: Record<string, unknown>; valid: boolean }[] = [];
    const world = await tokenWorld({
      reply(request) {
        const { assertion = "", ...form } = formOf(request);
        expect(form).toEqual({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer" });
        const [head = "", body = "", signature = ""] = assertion.split(".");
        const valid = verify(
          hash,
          Buffer.from(`${head}.${body}`),
          { key: publicKey, dsaEncoding: "ieee-p1363" },
          Buffer.from(signature, "base64url"),
        );
        const read = (part: string): never => JSON.parse(Buffer.from(part, "base64url").toString()) as never;
        seen.push({ header: read(head), claims: read(body), valid });
        return undefined;
      },
    });
    const time = manualTime();
    // As a one-line environment variable has it.
    const key = kind === "ec" ? pem : pem.replaceAll("\n", String.raw`\n`);
    const { get, secrets } = oauthClient(
      world.url,
      { grant: "jwt_bearer", assertion: { algorithm, key, claims, headers: { kid: "k1" }, expires_in: "3m" } },
      { time },
    );
    await get();
    const iat = Math.floor(time.now() / 1000);
    expect(seen).toEqual([
      { valid: true, header: { alg: algorithm, typ: "JWT", kid: "k1" }, claims: { ...claims, iat, exp: iat + 180 } },
    ]);
    expect(secrets.has(pem)).toBe(true);
    // The assertion itself opens the door for three minutes.
    expect([...secrets].some((secret) => secret.startsWith("eyJ"))).toBe(true);
    time.pass(1_800_000);
    await get();
    expect(seen.map((each) => [each.valid, each.claims["iat"]])).toEqual([
      [true, iat],
      [true, iat + 1800],
    ]);
  });

  it.each([
    ["not a key", "RS256", /auth\.assertion\.key is not a private key in PEM/],
    [keyPair("ec").pem, "RS256", /is of type ec; RS256 signs with an RSA key/],
  ])("a key that is none stops before anything is asked, and is not shown", async (key, algorithm, words) => {
    const assertion = { algorithm, key, claims };
    let error: unknown;
    try {
      oauthClient("http://127.0.0.1:9", { grant: "jwt_bearer", assertion });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SpecError);
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message).toContain('connection "test"');
    expect((error as Error).message).not.toContain(key.slice(28, 60) || key);
  });
});

describe("a token server that gives no token", () => {
  it("says which connection, URL and what it said; never the secret", async () => {
    const world = await tokenWorld({
      reply: (request) => ({
        raw: true,
        status: 400,
        body: {
          error: "invalid_client",
          error_description: `no client an id with ${formOf(request)["client_secret"]}`,
        },
      }),
    });
    const { get } = oauthClient(world.url, clientCredentials);
    const error = await rejection(get());
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(
      `connection "test": POST ${world.url}/token answered 400: "invalid_client: no client an id with ***". There is no access token without it. Check client_id and client_secret of connection "test".`,
    );
    expect(world.asked).toHaveLength(1);
    expect(world.read).toHaveLength(0);
  });

  it.each([
    [
      "no token at its place",
      { token: "s3cret-token" },
      /without a token at auth\.token_field \(access_token\): it has token$/,
    ],
    ["an error with status 200", { error: "bad_verification_code" }, /it has error, and says "bad_verification_code"$/],
    [
      "a page",
      "<html><title>Sign in</title>",
      /answered with an HTML page titled "Sign in", where JSON with a token was expected$/,
    ],
    ["a text", "s3cret-token", /answered with something else, where JSON with a token was expected$/],
  ])("%s", async (_name, body, words) => {
    const world = await tokenWorld({ reply: () => ({ raw: true, body }) });
    const error = await rejection(oauthClient(world.url, clientCredentials).get());
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain("s3cret-token");
  });

  it("is asked again while it is busy, and is given up in the end", async () => {
    let busy = 2;
    const world = await tokenWorld({
      reply: () => (busy-- > 0 ? { raw: true, status: 503, body: "busy" } : undefined),
    });
    const { get, metrics } = oauthClient(world.url, clientCredentials);
    await get();
    expect(world.asked).toHaveLength(3);
    expect(metrics.retries).toBe(2);
    const down = oauthClient("http://127.0.0.1:9", clientCredentials, {
      connection: { connection: "down", retry: { attempts: 2, wait: "1ms" } },
    });
    const error = await rejection(down.get());
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(
      /^connection "down": POST http:\/\/127\.0\.0\.1:9\/token failed twice over .*: the connection was refused .*; giving up/,
    );
  });
});

describe("the base URL from the reply", () => {
  it("is where requests go; the token server gets none of them", async () => {
    const api = await tokenWorld();
    const login = await serve((_request, response) => {
      api.good.add("inst-token");
      json(response, { access_token: "inst-token", instance_url: `${api.url}/services` });
    });
    const { client } = oauthClient(login.url, { ...clientCredentials, base_url: "instance_url" });
    const base = await client.baseUrl();
    expect(base).toBe(`${api.url}/services`);
    expect((await client.text({ method: "GET", url: `${base}/data` })).status).toBe(200);
    expect(api.read.map(({ path }) => path)).toEqual(["/services/data"]);
    expect(login.seen.map(({ path }) => path)).toEqual(["/token"]);
  });

  it("follows a later token that names another host, and no other host gets the token", async () => {
    const [one, two, stranger] = [await tokenWorld(), await tokenWorld(), await tokenWorld()];
    const homes = [one, two];
    const login = await serve((_request, response, index) => {
      const home = homes[Math.min(index, 1)]!;
      const token = `token-${index}-${login.url}`;
      home.good.add(token);
      json(response, { access_token: token, instance_url: home.url });
    });
    const { client } = oauthClient(login.url, { ...clientCredentials, base_url: "instance_url" });
    const base = await client.baseUrl();
    await client.text({ method: "GET", url: `${base}/a` });
    one.good.clear();
    // The old host refuses; the new token names the new one, and the same request goes there.
    expect((await client.text({ method: "GET", url: `${base}/b?c=1` })).status).toBe(200);
    expect(two.read.map(({ url }) => url)).toEqual(["/b?c=1"]);
    const error = await rejection(client.text({ method: "GET", url: `${stranger.url}/x` }));
    expect(error.message).toMatch(/sent without the credentials of connection "test"/);
    expect(stranger.read[0]!.headers.authorization).toBeUndefined();
  });

  it("that is no address stops, and shows no token", async () => {
    const world = await tokenWorld({ reply: () => ({ body: { instance_url: "ftp://x" } }) });
    const { client } = oauthClient(world.url, { ...clientCredentials, base_url: "instance_url" });
    expect((await rejection(client.baseUrl())).message).toMatch(
      /without an address at auth\.base_url \(instance_url\): it is not an http\(s\) URL$/,
    );
  });
});
