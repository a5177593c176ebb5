import type { PaginationPage } from "../../../spec/types.ts";
import type { Paginator } from "./contract.ts";

/** Pages by number. They end at an empty page, `stop_when`, the number of pages or the total; never at a short one. */
export function pagePaginator({ first }: Pick<PaginationPage, "first">): Paginator {
  return {
    stable: false,
    first: () => ({ number: first }),
    next({ count, read, stop, pages, total }, { number = first }) {
      if (stop || count === 0) return undefined;
      if (pages !== undefined && number - first + 1 >= pages) return undefined;
      if (total !== undefined && read >= total) return undefined;
      return { number: number + 1 };
    },
    guess({ number = first }, { count, pages, total }) {
      const all = pages ?? (total === undefined ? 0 : Math.ceil(total / count));
      return number - first + 1 < all ? { number: number + 1 } : undefined;
    },
    sent: ({ number }) => number,
  };
}
