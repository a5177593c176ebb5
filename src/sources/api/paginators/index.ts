/** The registry of paginators: one line each. */
import type { Pagination } from "../../../spec/types.ts";
import type { Paginator } from "./contract.ts";
import { cursorPaginator } from "./cursor.ts";
import { lastIdPaginator } from "./last-id.ts";
import { nextUrlPaginator } from "./next-url.ts";
import { nonePaginator } from "./none.ts";
import { offsetPaginator } from "./offset.ts";
import { pagePaginator } from "./page.ts";

type Of<Type extends Pagination["type"]> = Extract<Pagination, { type: Type }>;

const paginators: { [Type in Pagination["type"]]: (pagination: Of<Type>, baseUrl: string) => Paginator } = {
  none: nonePaginator,
  cursor: cursorPaginator,
  page: pagePaginator,
  offset: offsetPaginator,
  next_url: (_pagination, baseUrl) => nextUrlPaginator(baseUrl),
  last_id: lastIdPaginator,
};

export function paginatorOf(pagination: Pagination, baseUrl: string): Paginator {
  const make = paginators[pagination.type] as (pagination: Pagination, baseUrl: string) => Paginator;
  return make(pagination, baseUrl);
}

export type { PageFacts, Paginator, Step } from "./contract.ts";
