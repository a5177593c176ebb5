/** A proxy before a database: it cuts what goes through it, as a server that is killed and started again does. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface Proxy {
  port: number;
  /** Cuts all connections after so many bytes more from the server; new ones are refused for `downMs`. */
  cutAfter(bytes: number, downMs?: number): void;
  /** How often it was cut, and how many connections were made. */
  cuts: number;
  connections: number;
}

export async function openProxy(target: { host: string; port: number }): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let left = Number.POSITIVE_INFINITY;
  let downMs = 0;
  let isDown = false;
  const server = createServer((client) => {
    if (isDown) {
      client.resetAndDestroy();
      return;
    }
    proxy.connections++;
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) {
        left = Number.POSITIVE_INFINITY;
        proxy.cuts++;
        isDown = downMs > 0;
        setTimeout(() => (isDown = false), downMs).unref();
        for (const socket of sockets) socket.resetAndDestroy();
        return;
      }
      if (!client.write(chunk)) {
        upstream.pause();
        client.once("drain", () => upstream.resume());
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: Proxy = {
    port: (server.address() as { port: number }).port,
    cuts: 0,
    connections: 0,
    cutAfter(bytes, down = 0) {
      left = bytes;
      downMs = down;
    },
  };
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return proxy;
}
