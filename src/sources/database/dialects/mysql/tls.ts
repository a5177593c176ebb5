/** Encryption as the driver has to be told it, so that it verifies the server's name. */
import { connect, type Socket } from "node:net";
import type mysql from "mysql2";
import type { ServerOptions } from "../../server-options.ts";

/**
 * The driver verifies a certificate against its `host` alone, and against "localhost" where that is an address. So the
 * socket is ours, and what the driver calls the host is the name that the certificate must be for.
 */
export function tlsSettings({ host, port, tls }: ServerOptions): mysql.ConnectionOptions {
  if (!tls) return { host, port };
  const { servername = host, ...ssl } = tls;
  return {
    host: servername,
    port,
    stream: (): Socket => {
      const socket = connect({ host, port, noDelay: true, keepAlive: true });
      // Node's TLS looks here where it was given no name, which is so for an address. Without it nothing is accepted.
      Object.assign(socket, { _host: servername });
      return socket;
    },
    ssl: { ...ssl, verifyIdentity: tls.rejectUnauthorized },
  };
}
