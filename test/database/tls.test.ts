/** Connections that are encrypted: to servers of our own, whose certificates sign themselves. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Certificate, selfSigned } from "../support/certificate.ts";
import { mariadbBinaries, startMariadb } from "../support/mariadb-server.ts";
import { startPostgres } from "../support/postgres-server.ts";
import { loadOne, openDatabase, readRecords } from "./source.ts";

interface EncryptedServer {
  url: string;
  stop(): Promise<void>;
}

const servers: {
  name: string;
  dialect: string;
  skip: boolean;
  query: string;
  start(tls: Certificate): Promise<EncryptedServer>;
}[] = [
  {
    name: "PostgreSQL",
    dialect: "postgres",
    skip: false,
    query: "SELECT version AS cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    async start(tls) {
      const server = await startPostgres(tls);
      return { url: `${server.url}postgres`, stop: () => server.stop() };
    },
  },
  {
    name: "MariaDB",
    dialect: "mysql",
    skip: mariadbBinaries === undefined,
    query: "SELECT variable_value AS cipher FROM information_schema.session_status WHERE variable_name = 'Ssl_version'",
    start: (tls) => startMariadb(tls),
  },
];

describe.each(servers)("TLS to $name", ({ dialect, skip, query, start }) => {
  const right = selfSigned();
  const wrong = selfSigned();
  let server: EncryptedServer;
  beforeAll(async () => {
    if (!skip) server = await start(right);
  }, 120_000);
  afterAll(() => server?.stop());

  /** What the server says of the connection that asks it. */
  async function cipher(tls: unknown, more = ""): Promise<unknown> {
    const connection = { dialect, url: `${server.url}${more}`, tls, retry: { attempts: 1 } };
    const { source } = await openDatabase(
      loadOne(connection, { source: { query, pagination: { type: "none" } }, columns: ["cipher"] }),
    );
    return (await readRecords(source))[0]?.["cipher"];
  }

  it.skipIf(skip)("is not asked for where the connection does not say so", async () => {
    expect(String((await cipher(false)) ?? "")).not.toMatch(/^TLS/);
  });

  it.skipIf(skip)("is encrypted and verified with the certificate's authority", async () => {
    expect(await cipher({ ca: right.cert })).toMatch(/^TLS/);
    expect(await cipher({ ca: right.cert.replaceAll("\n", "\\n") })).toMatch(/^TLS/);
  });

  it.skipIf(skip)("is encrypted without being verified where the connection says so", async () => {
    expect(await cipher({ verify: false })).toMatch(/^TLS/);
  });

  it.skipIf(skip)("refuses a certificate that no authority has signed, whichever way it is asked for", async () => {
    await expect(cipher(true)).rejects.toThrow(/shop \(.*self-signed certificate/);
    await expect(cipher(false, "?sslmode=require")).rejects.toThrow(/shop \(.*self-signed certificate/);
  });

  it.skipIf(skip)("is verified against server_name, where the connection has one", async () => {
    expect(await cipher({ ca: right.cert, server_name: "db.example.com" })).toMatch(/^TLS/);
    await expect(cipher({ ca: right.cert, server_name: "other.example.com" })).rejects.toThrow(/other\.example\.com/);
  });

  it.skipIf(skip)("refuses a certificate of another authority", async () => {
    await expect(cipher({ ca: wrong.cert })).rejects.toThrow(/shop \(.*certificate/);
  });
});
