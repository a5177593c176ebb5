import type { PaginationOffset } from "../../../spec/types.ts";
import type { Paginator } from "./contract.ts";

/** Pages by offset, which grows by what came: a short page leaves no gap behind it. */
export function offsetPaginator({ first }: Pick<PaginationOffset, "first">): Paginator {
  return {
    stable: false,
    first: () => ({ offset: first }),
    next({ count, read, stop, total }, { offset = first }) {
      if (stop || count === 0) return undefined;
      if (total !== undefined && read >= total) return undefined;
      return { offset: offset + count };
    },
    guess({ offset = first }, { count, total }) {
      return total !== undefined && offset - first + count < total ? { offset: offset + count } : undefined;
    },
    sent: ({ offset }) => offset,
  };
}
