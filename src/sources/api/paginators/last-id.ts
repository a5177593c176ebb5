import { FatalError } from "../../../errors.ts";
import type { PaginationLastId } from "../../../spec/types.ts";
import type { Position } from "../../contract.ts";
import type { Paginator } from "./contract.ts";

/**
 * The next page starts after the last record's id. `total` may count all records or those after the key: either way
 * a page that holds as many is the last.
 */
export function lastIdPaginator({ first, id }: Pick<PaginationLastId, "first" | "id">): Paginator {
  return {
    stable: true,
    first: () => (first === undefined ? {} : { after: first }),
    next({ next, count, stop, total }, { after }) {
      if (stop || count === 0 || (total !== undefined && count >= total)) return undefined;
      if (next === undefined || next === null || next === "") {
        throw new FatalError(
          `the last record of a page has no id at pagination.id (${id}): there is no telling where the next page starts`,
        );
      }
      if (JSON.stringify(next) === JSON.stringify(after)) {
        throw new FatalError(
          `the last id does not move: the page after ${JSON.stringify(after)} ends with it. Is it sent (send_as, or {{page.after}})?`,
        );
      }
      return { after: next as Position };
    },
    sent: ({ after }) => after,
  };
}
