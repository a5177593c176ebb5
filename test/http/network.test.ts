import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { FatalError, TransientError } from "../../src/errors.ts";
import { clientTo, json, rejection, serve } from "./server.ts";

const twice = { retry: { attempts: 2, wait: "1ms" } };

/** A server that answers with raw bytes. */
async function serveRaw(answer: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("the network", () => {
  it.each<[string, (socket: Socket) => void, RegExp]>([
    [
      "a connection that is closed without an answer",
      (socket) => socket.destroy(),
      /the connection was (?:closed|reset) \((?:UND_ERR_SOCKET|ECONNRESET)\)/,
    ],
    [
      "a body that is shorter than announced",
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":'),
      /was (?:closed|cut short|reset)/,
    ],
    [
      "a chunked body that breaks off",
      (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n'),
      /was (?:closed|cut short|reset)/,
    ],
    ["what is not HTTP", (socket) => socket.end("SSH-2.0-OpenSSH\r\n"), /: the answer is not HTTP \(HPE_INVALID/],
    [
      "a gzip body that is cut short",
      (socket) =>
        socket.end("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 12\r\n\r\n\x1f\x00badbadbadx"),
      /gzip body is damaged or cut short/,
    ],
  ])("%s is transient", async (_name, answer, message) => {
    const url = await serveRaw(answer);
    const { client, metrics } = clientTo(url, { connection: twice });
    const error = await rejection(client.text({ method: "GET", url: `${url}/x` }));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^GET \S+ failed twice over .*; giving up\. The run can be resumed\.$/);
    expect(metrics).toMatchObject({ apiCalls: 2, retries: 1 });
  });

  it("comes back", async () => {
    const server = await serve((_request, response, index) => {
      if (index === 0) {
        response.writeHead(200, { "content-length": "50" });
        response.write('{"half":');
        setTimeout(() => response.destroy(), 10);
      } else json(response, { whole: true });
    });
    const { client, metrics } = clientTo(server.url);
    expect((await client.text({ method: "POST", url: server.url, body: "{}" })).text).toBe('{"whole":true}');
    expect(metrics.recovered).toBe(1);
  });

  it("that refuses is transient", async () => {
    const { client } = clientTo("http://127.0.0.1:1", { connection: twice });
    const error = await rejection(client.text({ method: "GET", url: "http://127.0.0.1:1/x" }));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toContain("the connection was refused (ECONNREFUSED)");
  });

  it("is not retried where the spec does not say so", async () => {
    const url = await serveRaw((socket) => socket.destroy());
    const { client, metrics } = clientTo(url, { connection: { retry: { on: ["5xx"], wait: "1ms" } } });
    expect((await rejection(client.text({ method: "GET", url }))).message).toMatch(/failed once: /);
    expect(metrics.apiCalls).toBe(1);
  });

  it("a header that cannot be sent is no transient failure, and its value is not shown", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client } = clientTo(server.url, { connection: { auth: { type: "bearer", token: "s3cret\n" } } });
    const error = await rejection(client.text({ method: "GET", url: server.url }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).not.toContain("s3cret");
  });
});

describe("the time-out", () => {
  const quick = { timeout: "200ms", ...twice };
  it.each<[string, Parameters<typeof serve>[0]]>([
    ["an answer that does not begin", () => {}],
    ["an answer that does not go on", (_request, response) => void response.writeHead(200).write("{")],
    [
      "an answer that drips",
      (_request, response) => {
        const timer = setInterval(() => response.write(" "), 50);
        response.on("close", () => clearInterval(timer));
      },
    ],
  ])("ends %s, and it is transient", async (_name, handler) => {
    const server = await serve(handler);
    const { client } = clientTo(server.url, { connection: quick });
    const started = performance.now();
    const error = await rejection(client.text({ method: "GET", url: server.url }));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(/failed twice over .*: no complete answer within 0\.2 s; giving up/);
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(server.seen).toHaveLength(2);
  });

  it("counts from sending, not from waiting for a budget", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client, metrics } = clientTo(server.url, {
      connection: { timeout: "150ms", rate_limits: [{ requests: 1, per: "400ms" }] },
    });
    await Promise.all([1, 2, 3].map(() => client.text({ method: "GET", url: server.url })));
    expect(metrics.retries).toBe(0);
  });
});

describe("stopping", () => {
  it("ends a request under way with the signal's reason", async () => {
    const server = await serve(() => {});
    const stop = new AbortController();
    const { client } = clientTo(server.url, { signal: stop.signal });
    const call = rejection(client.text({ method: "GET", url: server.url }));
    setTimeout(() => stop.abort(new Error("stopped")), 50);
    expect((await call).message).toBe("stopped");
  });

  it("ends a wait for a budget", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const stop = new AbortController();
    const { client } = clientTo(server.url, {
      signal: stop.signal,
      connection: { rate_limits: [{ requests: 1, per: "10s" }] },
    });
    await client.text({ method: "GET", url: server.url });
    const call = rejection(client.text({ method: "GET", url: server.url }));
    setTimeout(() => stop.abort(new Error("stopped")), 50);
    expect((await call).message).toBe("stopped");
    expect(server.seen).toHaveLength(1);
  });
});
