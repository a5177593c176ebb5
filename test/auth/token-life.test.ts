/** How long a token is used, who asks for the next one, and what a refusal does. */
import { describe, expect, it } from "vitest";
import { FatalError } from "../../src/errors.ts";
import { json, rejection, serve } from "../http/server.ts";
import { clientCredentials, manualTime, oauthClient, tokenWorld } from "./support.ts";

describe("a token", () => {
  it.each([
    ["60 s before the end of half an hour", 1800, 1740],
    ["at nine tenths of 100 s", 100, 90],
  ])("is renewed %s", async (_name, expires_in, renewedAt) => {
    const world = await tokenWorld({ reply: () => ({ body: { expires_in } }) });
    const time = manualTime();
    const { get } = oauthClient(world.url, clientCredentials, { time });
    await get();
    time.pass(renewedAt * 1000 - 1);
    await get();
    expect(world.asked).toHaveLength(1);
    time.pass(1);
    await get();
    expect(world.asked).toHaveLength(2);
    expect(world.read.map(({ headers }) => headers.authorization)).toEqual(
      [0, 0, 1].map((index) => `Bearer ${world.given[index]}`),
    );
  });

  it("without an expiry is used until it is refused", async () => {
    const world = await tokenWorld({ reply: () => ({ body: { expires_in: undefined } }) });
    const time = manualTime();
    const { get } = oauthClient(world.url, clientCredentials, { time });
    await get();
    time.pass(365 * 86_400_000);
    await get();
    expect(world.asked).toHaveLength(1);
  });

  it("is shared by every client of the connection in this process", async () => {
    const world = await tokenWorld();
    const clients = [1, 2, 3].map(() => oauthClient(world.url, clientCredentials));
    for (const { get, secrets } of clients) {
      await get();
      // Each has a mask of its own.
      expect(secrets.has(world.given[0]!)).toBe(true);
    }
    await oauthClient(world.url, clientCredentials, { connection: { connection: "other" } }).get();
    expect(world.asked).toHaveLength(2);
  });
});

describe("fifty requests at once", () => {
  it("ask for one token", async () => {
    const world = await tokenWorld({ delayMs: 50 });
    const { get } = oauthClient(world.url, clientCredentials, { connection: { concurrency: 50 } });
    await Promise.all(Array.from({ length: 50 }, () => get()));
    expect(world.asked).toHaveLength(1);
    expect(world.read).toHaveLength(50);
  });

  it("that are all refused ask for one more", async () => {
    const world = await tokenWorld({ delayMs: 50 });
    const { get, metrics } = oauthClient(world.url, clientCredentials, { connection: { concurrency: 50 } });
    await get();
    world.good.clear();
    await Promise.all(Array.from({ length: 50 }, () => get()));
    expect(world.asked).toHaveLength(2);
    expect(metrics.apiCalls).toBe(1 + 2 + 50 + 50);
  });

  it("are all told when there is none, and the next run asks again", async () => {
    let broken = true;
    const world = await tokenWorld({
      delayMs: 20,
      reply: () => (broken ? { raw: true, status: 400, body: { error: "invalid_client" } } : undefined),
    });
    const { get } = oauthClient(world.url, clientCredentials);
    const errors = await Promise.all(Array.from({ length: 50 }, () => rejection(get())));
    expect(world.asked).toHaveLength(1);
    expect(new Set(errors.map(({ message }) => message)).size).toBe(1);
    broken = false;
    await oauthClient(world.url, clientCredentials).get();
    expect(world.asked).toHaveLength(2);
  });

  it("of which one is stopped get their token all the same", async () => {
    const world = await tokenWorld({ delayMs: 80 });
    const stop = new AbortController();
    const stopped = oauthClient(world.url, clientCredentials, { signal: stop.signal });
    const other = oauthClient(world.url, clientCredentials);
    const error = rejection(stopped.get());
    const answer = other.get();
    setTimeout(() => stop.abort(new Error("stopped")), 20);
    expect((await error).message).toBe("stopped");
    expect((await answer).status).toBe(200);
    expect(world.asked).toHaveLength(1);
  });

  it("a token that nobody waits for any more is kept for who comes next", async () => {
    const world = await tokenWorld({ delayMs: 80 });
    const stop = new AbortController();
    const error = rejection(oauthClient(world.url, clientCredentials, { signal: stop.signal }).get());
    setTimeout(() => stop.abort(new Error("stopped")), 20);
    expect((await error).message).toBe("stopped");
    await oauthClient(world.url, clientCredentials).get();
    expect(world.asked).toHaveLength(1);
  });
});

describe("an answer of 401", () => {
  it("once: the token is renewed, the request made again, nobody notices", async () => {
    const world = await tokenWorld();
    const { get, metrics } = oauthClient(world.url, clientCredentials, { connection: { retry: { attempts: 1 } } });
    await get();
    world.good.clear();
    expect((await get()).status).toBe(200);
    expect(world.asked).toHaveLength(2);
    expect(metrics.retries).toBe(1);
  });

  it("twice: it fails, and names the connection", async () => {
    const world = await tokenWorld();
    const { get, secrets } = oauthClient(world.url, clientCredentials, { connection: { connection: "salesforce" } });
    await get();
    const refuse = await serve((_request, response) => json(response, { message: "no such session" }, { status: 401 }));
    const refused = oauthClient(
      refuse.url,
      { ...clientCredentials, token_url: `${world.url}/token` },
      { connection: { connection: "salesforce" } },
    );
    const error = await rejection(refused.get());
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(
      `GET ${refuse.url}/data answered 401 to a new access token too: "no such session". Check the credentials of connection "salesforce".`,
    );
    expect(refuse.seen).toHaveLength(2);
    expect([...secrets].every((secret) => !error.message.includes(secret))).toBe(true);
  });

  it("to a body that is streamed is no other", async () => {
    const world = await tokenWorld();
    const { client } = oauthClient(world.url, clientCredentials);
    await client.text({ method: "GET", url: `${world.url}/data` });
    world.good.clear();
    const { body, status } = await client.stream({ method: "GET", url: `${world.url}/file` });
    expect(status).toBe(200);
    expect(Buffer.concat(await body.toArray()).toString()).toBe('{"ok":true}');
    expect(world.asked).toHaveLength(2);
  });
});

describe("refresh_on", () => {
  it("may look at the body: an error with status 200", async () => {
    let refusals = 1;
    const world = await tokenWorld({
      data: () => (refusals-- > 0 ? { ok: false, error: "token_expired" } : { ok: true }),
    });
    const { get } = oauthClient(world.url, {
      ...clientCredentials,
      refresh_on: "ok = false and error = 'token_expired'",
    });
    expect((await get()).text).toBe('{"ok":true}');
    expect(world.asked).toHaveLength(2);
  });

  it("leaves a 401 alone where it says something else", async () => {
    const server = await serve((request, response) =>
      request.path === "/token" ? json(response, { access_token: "t0ken" }) : json(response, {}, { status: 401 }),
    );
    const { get } = oauthClient(server.url, {
      ...clientCredentials,
      refresh_on: "$status = 403 and $headers.`x-token` = 'expired'",
    });
    const error = await rejection(get());
    expect(error.message).toMatch(/answered 401: "\{\}"\. Check the credentials of connection "test"\.$/);
    expect(server.seen).toHaveLength(2);
  });
});
