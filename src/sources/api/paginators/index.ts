/** The registry of paginators: one line each. */
import type { Pagination } from "../../../spec/types.ts";
import type { PagedConnection, Paginator } from "./contract.ts";
import { cursorPaginator } from "./cursor.ts";
import { lastIdPaginator } from "./last-id.ts";
import { nestedPaginator } from "./nested.ts";
import { nextUrlPaginator } from "./next-url.ts";
import { nonePaginator } from "./none.ts";
import { offsetPaginator } from "./offset.ts";
import { pagePaginator } from "./page.ts";

type Of<Type extends Pagination["type"]> = Extract<Pagination, { type: Type }>;

const paginators: { [Type in Pagination["type"]]: (pagination: Of<Type>, connection: PagedConnection) => Paginator } = {
  none: nonePaginator,
  cursor: cursorPaginator,
  page: pagePaginator,
  offset: offsetPaginator,
  next_url: (_pagination, connection) => nextUrlPaginator(connection),
  last_id: lastIdPaginator,
  nested: nestedPaginator,
};

export function paginatorOf(pagination: Pagination, connection: PagedConnection): Paginator {
  const make = paginators[pagination.type] as (pagination: Pagination, connection: PagedConnection) => Paginator;
  return make(pagination, connection);
}

export type { NestedInput, PageFacts, Paginator, Step } from "./contract.ts";
