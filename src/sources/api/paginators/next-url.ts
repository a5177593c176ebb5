import { FatalError } from "../../../errors.ts";
import type { Paginator } from "./contract.ts";

/**
 * The response holds the URL of the next page, absolute or relative to its own. It must lead to the connection's own
 * host: a link that a response wrote must not carry credentials elsewhere.
 */
export function nextUrlPaginator(baseUrl: string): Paginator {
  return {
    stable: true,
    first: () => ({}),
    next({ next, stop, url }) {
      if (stop || next === undefined || next === null || next === "" || next === false) return undefined;
      if (typeof next !== "string" || !URL.canParse(next, url)) {
        throw new FatalError(`the next URL ${JSON.stringify(next)} is not a URL`);
      }
      const target = onOwnHost(new URL(next, url), new URL(baseUrl));
      if (target === new URL(url).href)
        throw new FatalError(`the next URL does not move: the page at ${target} names itself`);
      return { url: target };
    },
    sent: () => undefined,
  };
}

/** Servers behind a proxy that ends TLS write http:// links to themselves: those stay on https. */
function onOwnHost(target: URL, base: URL): string {
  if (target.protocol === "http:" && base.protocol === "https:" && target.port === "") target.protocol = "https:";
  if (target.origin === base.origin) return target.href;
  throw new FatalError(
    `the next URL leads to ${target.origin}, but the connection is ${base.origin}: credentials are not sent elsewhere`,
  );
}
