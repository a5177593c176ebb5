import type { Paginator } from "./contract.ts";

/** One page. */
export function nonePaginator(): Paginator {
  return { stable: true, first: () => ({}), next: () => undefined, sent: () => undefined };
}
