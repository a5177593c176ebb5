import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { text as readAll } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { FatalError, TransientError } from "../../src/errors.ts";
import { clientTo, json, rejection, serve } from "./server.ts";

const body = JSON.stringify({ name: "Grüße, 世界 🎉" });

describe("a body is read", () => {
  it.each<[string, Buffer, Record<string, string>]>([
    ["as UTF-8", Buffer.from(body), {}],
    ["without its byte order mark", Buffer.from(`\ufeff${body}`), {}],
    ["from gzip", gzipSync(body), { "content-encoding": "gzip" }],
    ["from deflate", deflateSync(body), { "content-encoding": "deflate" }],
    ["from raw deflate", deflateRawSync(body), { "content-encoding": "deflate" }],
    ["from br", brotliCompressSync(body), { "content-encoding": "br" }],
    ["from one in another", brotliCompressSync(gzipSync(body)), { "content-encoding": "gzip, br" }],
    ["from gzip that nobody announced", gzipSync(body), { "content-type": "application/octet-stream" }],
    ["from UTF-16", Buffer.from(body, "utf16le"), { "content-type": "application/json; charset=utf-16le" }],
  ])("%s", async (_name, bytes, headers) => {
    const server = await serve((_request, response) =>
      response.writeHead(200, { "content-type": "application/json", ...headers }).end(bytes),
    );
    const { client, metrics } = clientTo(server.url);
    const answer = await client.text({ method: "GET", url: server.url });
    expect(answer.text).toBe(body);
    expect(answer.bytes).toBe(bytes.length);
    expect(metrics.bytesIn).toBe(bytes.length);
  });

  it("as latin1 where the content type says so", async () => {
    const server = await serve((_request, response) =>
      response
        .writeHead(200, { "content-type": 'text/plain; charset="ISO-8859-1"' })
        .end(Buffer.from("Grüße", "latin1")),
    );
    const { client } = clientTo(server.url);
    expect((await client.text({ method: "GET", url: server.url })).text).toBe("Grüße");
  });

  it("with one warning where it is not the UTF-8 that it claims to be", async () => {
    const server = await serve((_request, response) => response.end(Buffer.from("Grüße", "latin1")));
    const { client, lines } = clientTo(server.url);
    expect((await client.text({ method: "GET", url: `${server.url}/x` })).text).toContain("\ufffd");
    expect((await client.text({ method: "GET", url: `${server.url}/x` })).text).toContain("\ufffd");
    expect(lines).toEqual([
      `warn the answer to GET ${server.url}/x is not valid UTF-8: what could not be read is shown as \ufffd`,
    ]);
  });

  it("empty", async () => {
    const server = await serve((_request, response) => response.writeHead(204, { "content-encoding": "gzip" }).end());
    const { client } = clientTo(server.url);
    expect(await client.text({ method: "GET", url: server.url })).toMatchObject({ status: 204, text: "", bytes: 0 });
  });

  it("not, in an encoding or charset that nobody knows", async () => {
    const server = await serve((request, response) =>
      response
        .writeHead(
          200,
          request.path === "/e" ? { "content-encoding": "zork" } : { "content-type": "text/plain; charset=zork" },
        )
        .end("x"),
    );
    const { client } = clientTo(server.url);
    for (const path of ["/e", "/c"]) {
      const error = await rejection(client.text({ method: "GET", url: `${server.url}${path}` }));
      expect(error).toBeInstanceOf(FatalError);
      expect(error.message).toContain("zork");
    }
  });
});

describe("a body that is too large", () => {
  const small = { limits: { response: "10KB", decompressed: "20KB" } };

  it.each<[string, boolean]>([
    ["as announced", true],
    ["as it comes", false],
  ])("%s, stops the run and names URL and limit", async (_name, announced) => {
    const server = await serve((_request, response) => {
      if (announced) response.writeHead(200, { "content-length": "11000" });
      for (let sent = 0; sent < 11; sent++) response.write("x".repeat(1000));
      response.end();
    });
    const { client } = clientTo(server.url, { connection: small });
    const error = await rejection(client.text({ method: "GET", url: `${server.url}/big` }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(
      `the answer to GET ${server.url}/big is larger than 10KB (limits.response of connection "test"). Ask for smaller pages, or raise the limit.`,
    );
    expect(server.seen).toHaveLength(1);
  });

  it("when it is decompressed, is never held", async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    expect(bomb.length).toBeLessThan(10_000);
    const server = await serve((_request, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
    );
    const { client } = clientTo(server.url, { connection: small });
    const error = await rejection(client.text({ method: "GET", url: `${server.url}/bomb` }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(
      `the answer to GET ${server.url}/bomb is larger than 20KB when decompressed (limits.decompressed of connection "test"). Ask for smaller pages, or raise the limit.`,
    );
  });

  it("a bomb in a bomb too", async () => {
    const server = await serve((_request, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(gzipSync(Buffer.alloc(5_000_000)))),
    );
    const { client } = clientTo(server.url, { connection: small });
    expect((await rejection(client.text({ method: "GET", url: server.url }))).message).toContain("larger than 20KB");
  });
});

describe("what an error body says", () => {
  it.each<[string, string, string]>([
    [
      "an HTML page",
      "<!DOCTYPE html><html><head><title>\n Service  Unavailable </title></head></html>",
      'an HTML page titled "Service Unavailable"',
    ],
    ["an HTML page without a title", "<html><body>no</body></html>", "an HTML page without a title"],
    ["a message", '{"status":"error","message":"no such list"}', '"no such list"'],
    ["an error below error", '{"error":{"code":7,"message":"deep"}}', '"deep"'],
    ["the first of several", '{"errors":[{"detail":"first"},{"detail":"second"}]}', '"first"'],
    ["a short text", "Bad   Request\n", '"Bad Request"'],
    ["JSON without a message", '{"code":7}', `"{\\"code\\":7}"`],
    ["a long text, cut", "y".repeat(500), `"${"y".repeat(199)}…"`],
  ])("%s", async (_name, text, said) => {
    const server = await serve((_request, response) => json(response, text, { status: 400 }));
    const { client } = clientTo(server.url);
    expect((await rejection(client.text({ method: "GET", url: `${server.url}/x` }))).message).toBe(
      `GET ${server.url}/x answered 400: ${said}`,
    );
  });
});

describe("a body that is streamed", () => {
  it("comes as it is, its content encoding undone", async () => {
    const server = await serve((_request, response) =>
      response.writeHead(200, { "content-encoding": "gzip", etag: '"1"' }).end(gzipSync(body)),
    );
    const { client, metrics } = clientTo(server.url, { connection: { concurrency: 1 } });
    for (let turn = 0; turn < 3; turn++) {
      const answer = await client.stream({ method: "GET", url: server.url });
      expect(answer).toMatchObject({ status: 200, headers: { etag: '"1"' }, url: server.url });
      expect(await readAll(answer.body)).toBe(body);
    }
    expect(metrics).toMatchObject({ apiCalls: 3, bytesIn: 3 * gzipSync(body).length });
  });

  it("gives its place free when nobody reads it", async () => {
    const server = await serve((_request, response) => response.writeHead(200).end("x".repeat(1_000_000)));
    const { client } = clientTo(server.url, { connection: { concurrency: 1 } });
    (await client.stream({ method: "GET", url: server.url })).body.destroy();
    expect(await readAll((await client.stream({ method: "GET", url: server.url })).body)).toHaveLength(1_000_000);
  });

  it("304 is accepted", async () => {
    const server = await serve((request, response) =>
      response.writeHead(request.headers["if-none-match"] === '"1"' ? 304 : 200).end(),
    );
    const { client } = clientTo(server.url, { connection: { concurrency: 1 } });
    for (let turn = 0; turn < 2; turn++) {
      const answer = await client.stream({ method: "GET", url: server.url, headers: { "If-None-Match": '"1"' } });
      expect(answer.status).toBe(304);
      expect(await readAll(answer.body)).toBe("");
    }
  });

  it("is retried until its headers are in", async () => {
    const server = await serve((_request, response, index) =>
      index === 0 ? json(response, {}, { status: 503 }) : response.end("a,b"),
    );
    const { client, metrics } = clientTo(server.url);
    expect(await readAll((await client.stream({ method: "GET", url: server.url })).body)).toBe("a,b");
    expect(metrics).toMatchObject({ retries: 1, recovered: 1 });
  });

  it("a refusal says why", async () => {
    const server = await serve((_request, response) => json(response, { message: "gone away" }, { status: 410 }));
    const { client } = clientTo(server.url);
    const error = await rejection(client.stream({ method: "GET", url: `${server.url}/f` }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(`GET ${server.url}/f answered 410: "gone away"`);
  });

  it("fails with TransientError when it breaks off", async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    const { client } = clientTo(server.url);
    const { body: stream } = await client.stream({ method: "GET", url: `${server.url}/f` });
    const error = await rejection(readAll(stream));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(/^the answer to GET \S+\/f broke off: the connection was/);
  });

  it("fails when nothing more comes for the time-out, however long the whole takes", async () => {
    const server = await serve((request, response) => {
      response.writeHead(200);
      let pieces = 0;
      const timer = setInterval(() => {
        if (++pieces <= 4) response.write("x");
        else if (request.path === "/ends") response.end();
      }, 100);
      response.on("close", () => clearInterval(timer));
    });
    // Undici looks at its timers once a second: shorter time-outs between two pieces are not exact.
    const { client } = clientTo(server.url, { connection: { timeout: "300ms" } });
    expect(await readAll((await client.stream({ method: "GET", url: `${server.url}/ends` })).body)).toBe("xxxx");
    const error = await rejection(readAll((await client.stream({ method: "GET", url: `${server.url}/stalls` })).body));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(/broke off: no complete answer within 0\.3 s/);
  });

  it("stops with the run", async () => {
    const server = await serve((_request, response) => void response.writeHead(200).write("half"));
    const stop = new AbortController();
    const { client } = clientTo(server.url, { signal: stop.signal });
    const { body: stream } = await client.stream({ method: "GET", url: server.url });
    setTimeout(() => stop.abort(new Error("stopped")), 30);
    expect((await rejection(readAll(stream))).message).toBe("stopped");
  });
});

it("an API that goes away is warned about once", async () => {
  const server = await serve((_request, response) =>
    json(response, {}, { headers: { deprecation: "@1688169599", sunset: "Sun, 30 Jun 2030 23:59:59 GMT" } }),
  );
  const { client, lines } = clientTo(server.url);
  await client.text({ method: "GET", url: `${server.url}/a` });
  await client.text({ method: "GET", url: `${server.url}/b` });
  expect(lines).toEqual([
    `warn GET ${server.url}/a is going away, the API says (Deprecation: @1688169599, Sunset: Sun, 30 Jun 2030 23:59:59 GMT)`,
  ]);
});
