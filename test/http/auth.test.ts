import { describe, expect, it } from "vitest";
import { clientTo, json, rejection, serve } from "./server.ts";
import { FatalError } from "../../src/errors.ts";

describe("auth", () => {
  it.each<[string, object, Record<string, string>, string]>([
    ["bearer", { auth: { type: "bearer", token: "s3cret" } }, { authorization: "Bearer s3cret" }, "/x?a=1"],
    [
      "a token that looks like a template is data",
      { auth: { type: "bearer", token: "{{now}}" } },
      { authorization: "Bearer {{now}}" },
      "/x?a=1",
    ],
    [
      "basic",
      { auth: { type: "basic", username: "Jürgen", password: "pa:ss" } },
      { authorization: `Basic ${Buffer.from("Jürgen:pa:ss").toString("base64")}` },
      "/x?a=1",
    ],
    [
      "header",
      {
        auth: { type: "header", headers: { Authorization: 'Token token="k"', "X-Portal": "{{vars.portal}}" } },
        vars: { portal: 7 },
      },
      { authorization: 'Token token="k"', "x-portal": "7" },
      "/x?a=1",
    ],
    ["query", { auth: { type: "query", query: { api_key: "a b&c" } } }, {}, "/x?a=1&api_key=a%20b%26c"],
    ["headers of the connection", { headers: { "X-Version": "2" } }, { "x-version": "2" }, "/x?a=1"],
  ])("%s", async (_name, connection, headers, url) => {
    const server = await serve((_request, response) => json(response, {}));
    const { client } = clientTo(server.url, { connection });
    await client.text({ method: "GET", url: `${server.url}/x?a=1` });
    expect(server.seen[0]!.headers).toMatchObject(headers);
    expect(server.seen[0]!.url).toBe(url);
  });

  it("a signed header and the time in it are one instant", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client } = clientTo(server.url, {
      connection: {
        auth: {
          type: "header",
          headers: {
            Authorization:
              "{{epochMs now}}:{{hmac 'sha256' key=vars.secret message=(concat vars.secret (epochMs now))}}",
            "X-Now": "{{epochMs now}}",
          },
        },
        vars: { secret: "k" },
      },
    });
    await client.text({ method: "GET", url: `${server.url}/x` });
    const { createHmac } = await import("node:crypto");
    const now = String(server.seen[0]!.headers["x-now"]);
    expect(server.seen[0]!.headers.authorization).toBe(
      `${now}:${createHmac("sha256", "k").update(`k${now}`).digest("hex")}`,
    );
    expect(Math.abs(Number(now) - Date.now())).toBeLessThan(10_000);
  });

  it.each([401, 403])("%i says whose credentials to check, and shows no key", async (status) => {
    const server = await serve((_request, response) => json(response, { message: "bad token" }, { status }));
    const { client, metrics } = clientTo(server.url, {
      connection: { auth: { type: "query", query: { portal_pass: "s3cret" } } },
    });
    const error = await rejection(client.text({ method: "GET", url: `${server.url}/x?portal_pass=s3cret&a=1` }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(
      `GET ${server.url}/x?portal_pass=***&a=1 answered ${status}: "bad token". Check the credentials of connection "test".`,
    );
    expect(metrics.apiCalls).toBe(1);
  });

  it("a key that a link repeats is sent once", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client } = clientTo(server.url, { connection: { auth: { type: "query", query: { key: "new" } } } });
    await client.text({ method: "GET", url: `${server.url}/x?key=old&page=2#top` });
    expect(server.seen[0]!.url).toBe("/x?page=2&key=new");
  });
});

describe("redirects", () => {
  it("are followed on the own host with credentials, by GET alone", async () => {
    const server = await serve((request, response) =>
      request.path === "/old"
        ? json(response, {}, { status: 302, headers: { location: "/new?b=2" } })
        : json(response, { ok: true }),
    );
    const { client } = clientTo(server.url, { connection: { auth: { type: "bearer", token: "t" } } });
    const answer = await client.text({ method: "GET", url: `${server.url}/old?a=1` });
    expect(answer.text).toBe('{"ok":true}');
    expect(answer.url).toBe(`${server.url}/new?b=2`);
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer t", "Bearer t"]);
    expect((await rejection(client.text({ method: "POST", url: `${server.url}/old`, body: "{}" }))).message).toMatch(
      /answered 302/,
    );
  });

  it("never carry credentials to another host, nor the request's own headers", async () => {
    const other = await serve((_request, response) => json(response, { ok: true }));
    const server = await serve((_request, response) =>
      json(response, {}, { status: 307, headers: { location: `${other.url}/file` } }),
    );
    const { client } = clientTo(server.url, {
      connection: { auth: { type: "header", headers: { "X-Api-Key": "s3cret" } }, headers: { "X-Other": "s3cret" } },
    });
    await client.text({ method: "GET", url: `${server.url}/x`, headers: { "X-Token": "s3cret", Accept: "text/csv" } });
    expect(JSON.stringify(other.seen[0])).not.toContain("s3cret");
    expect(other.seen[0]!.headers.accept).toBe("text/csv");
    expect(server.seen[0]!.headers["x-api-key"]).toBe("s3cret");
  });

  it("of query keys carry none to another host", async () => {
    const other = await serve((_request, response) => json(response, {}));
    const server = await serve((_request, response) =>
      json(response, {}, { status: 302, headers: { location: other.url } }),
    );
    const { client } = clientTo(server.url, { connection: { auth: { type: "query", query: { key: "s3cret" } } } });
    await client.text({ method: "GET", url: `${server.url}/x` });
    expect(other.seen[0]!.url).toBe("/");
  });

  it("a 401 of another host does not blame the credentials", async () => {
    const other = await serve((_request, response) => json(response, {}, { status: 401 }));
    const { client } = clientTo("http://127.0.0.1:9", { connection: { auth: { type: "bearer", token: "t" } } });
    const error = await rejection(client.text({ method: "GET", url: `${other.url}/x` }));
    expect(error.message).toMatch(/answered 401: "\{\}"\. It was sent without the credentials of connection "test"/);
  });

  it("end after five", async () => {
    const server = await serve((_request, response, index) =>
      json(response, {}, { status: 301, headers: { location: `/${index}` } }),
    );
    const { client, metrics } = clientTo(server.url);
    const error = await rejection(client.text({ method: "GET", url: `${server.url}/x` }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(`GET ${server.url}/x was redirected more than 5 times, at last to ${server.url}/5`);
    expect(metrics.apiCalls).toBe(6);
  });

  it("to something that is no web address are refused", async () => {
    const server = await serve((_request, response) =>
      json(response, {}, { status: 301, headers: { location: "file:///etc/passwd" } }),
    );
    const { client } = clientTo(server.url);
    expect(await rejection(client.text({ method: "GET", url: `${server.url}/x` }))).toBeInstanceOf(FatalError);
  });
});
