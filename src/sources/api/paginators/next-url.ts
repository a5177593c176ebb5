import { FatalError } from "../../../errors.ts";
import { compileAllowedHosts } from "../../../spec/allowed-hosts.ts";
import type { PagedConnection, Paginator } from "./contract.ts";

/**
 * The response holds the URL of the next page, absolute or relative to its own. It must lead to the connection's own
 * host, or to one that the connection lists: a link that a response wrote must not carry credentials elsewhere.
 */
export function nextUrlPaginator({ base_url: baseUrl, ...connection }: PagedConnection): Paginator {
  const admits = compileAllowedHosts({ base_url: baseUrl, ...connection });
  return {
    stable: true,
    first: () => ({}),
    next({ next, stop, url }) {
      if (stop || next === undefined || next === null || next === "" || next === false) return undefined;
      if (typeof next !== "string" || !URL.canParse(next, url)) {
        throw new FatalError(`the next URL ${JSON.stringify(next)} is not a URL`);
      }
      const target = onKnownHost(new URL(next, url), { base: new URL(baseUrl), admits });
      if (target === new URL(url).href)
        throw new FatalError(`the next URL does not move: the page at ${target} names itself`);
      return { url: target };
    },
    sent: () => undefined,
  };
}

/** Servers behind a proxy that ends TLS write http:// links to themselves: those stay on https. */
function onKnownHost(
  target: URL,
  { base, admits }: { base: URL; admits: ReturnType<typeof compileAllowedHosts> },
): string {
  if (target.protocol === "http:" && base.protocol === "https:" && target.port === "") target.protocol = "https:";
  if (target.origin === base.origin || (admits && admits(target.href) !== "no")) return target.href;
  throw new FatalError(
    `the next URL leads to ${target.origin}, but the connection is ${base.origin}: credentials are not sent elsewhere. If pages are to be read there, add ${target.host} to allowed_hosts of the connection.`,
  );
}
