/** Where a server is and how to get in, from a connection's url or its parts. */
import { SpecError } from "../../errors.ts";
import type { DatabaseConnection } from "../../spec/types.ts";

export interface ServerOptions {
  host: string;
  port: number;
  database: string | undefined;
  user: string | undefined;
  password: string | undefined;
  /** Undefined: not encrypted. */
  tls: TlsOptions | undefined;
}

export interface TlsOptions {
  ca?: string;
  cert?: string;
  key?: string;
  servername?: string;
  rejectUnauthorized: boolean;
}

/**
 * The options of a connection.
 * @throws SpecError for a url that is none
 */
export function serverOptions(connection: DatabaseConnection, defaultPort: number): ServerOptions {
  const url = parseUrl(connection);
  const part = (text: string | undefined): string | undefined => (text ? decodeURIComponent(text) : undefined);
  return {
    host: url?.hostname ? url.hostname.replace(/^\[|\]$/g, "") : (connection.host ?? "127.0.0.1"),
    port: Number(url?.port || connection.port || defaultPort),
    database: part(url?.pathname.slice(1)) ?? connection.database,
    user: part(url?.username) ?? connection.user,
    password: part(url?.password) ?? connection.password,
    tls: tlsOptions(connection, url),
  };
}

/** `dialect://host:port/database`, for messages. */
export function serverAddress(connection: DatabaseConnection, defaultPort: number): string {
  const { host, port, database } = serverOptions(connection, defaultPort);
  return `${connection.dialect}://${host.includes(":") ? `[${host}]` : host}:${port}${database === undefined ? "" : `/${database}`}`;
}

function parseUrl({ url, connection }: DatabaseConnection): URL | undefined {
  if (url === undefined) return undefined;
  if (!URL.canParse(url))
    throw new SpecError(`url of connection ${connection} is no address: mysql://user:password@host:3306/name`);
  return new URL(url);
}

function tlsOptions({ tls }: DatabaseConnection, url: URL | undefined): TlsOptions | undefined {
  if (tls === false) {
    const mode = url?.searchParams.get("sslmode") ?? url?.searchParams.get("ssl-mode");
    return mode && /^(require|verify)/i.test(mode) ? { rejectUnauthorized: true } : undefined;
  }
  if (tls === true) return { rejectUnauthorized: true };
  const pem = (text: string | undefined): string | undefined => text?.replaceAll("\\n", "\n");
  return {
    ca: pem(tls.ca),
    cert: pem(tls.cert),
    key: pem(tls.key),
    servername: tls.server_name,
    rejectUnauthorized: tls.verify,
  };
}
