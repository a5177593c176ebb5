/** `allowed_hosts` of a connection: where requests may go beside its own host. */
import type { Connection } from "./types.ts";

/** `no`: nothing goes there. `plain`: requests without credentials. `trusted`: with them. */
export type Admittance = "no" | "plain" | "trusted";

/**
 * Compiles the list. The result says of an absolute URL that is not on the connection's own host whether it is
 * listed; undefined where the connection has no list. Only a connection over http lets anything go over http.
 */
export function compileAllowedHosts({
  allowed_hosts: list,
  base_url: base,
}: Pick<Connection, "allowed_hosts" | "base_url">): ((url: string) => Admittance) | undefined {
  if (list === undefined) return undefined;
  const entries = list.map((entry) => (typeof entry === "string" ? { host: entry, credentials: false } : entry));
  const overHttp = base.startsWith("http:");
  return (url) => {
    const { host, protocol } = new URL(url);
    if (protocol !== "https:" && !(protocol === "http:" && overHttp)) return "no";
    const found = entries.filter((entry) => matches(entry.host.toLowerCase(), host));
    if (found.length === 0) return "no";
    return found.some(({ credentials }) => credentials) ? "trusted" : "plain";
  };
}

/** A host without a port is that of the protocol's own port; `*.` stands for one name or more. */
function matches(pattern: string, host: string): boolean {
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) && host.length >= pattern.length : host === pattern;
}
