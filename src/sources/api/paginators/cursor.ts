import { FatalError } from "../../../errors.ts";
import type { PaginationCursor } from "../../../spec/types.ts";
import type { Position } from "../../contract.ts";
import type { Paginator } from "./contract.ts";

/** The response names where the next page starts. An empty page does not end the read: only no next cursor does. */
export function cursorPaginator({ none }: Pick<PaginationCursor, "none">): Paginator {
  return {
    stable: true,
    first: () => ({}),
    next({ next, stop }, { after }) {
      if (stop || next === undefined || next === null || next === "" || next === false || String(next) === none)
        return undefined;
      if (JSON.stringify(next) === JSON.stringify(after)) {
        throw new FatalError(
          `the cursor does not move: the page after ${JSON.stringify(after)} names the same one again. Is it sent (send_as, or {{page.after}})?`,
        );
      }
      return { after: next as Position };
    },
    sent: ({ after }) => after,
  };
}
