import { FatalError } from "../../../errors.ts";
import type { PaginationNested } from "../../../spec/types.ts";
import type { MoreOf } from "../nested-facts.ts";
import type { Paginator } from "./contract.ts";

/** Each record of a batch has pages of its own: the next request asks for those that have more, where each goes on. */
export function nestedPaginator({ send_as }: Pick<PaginationNested, "send_as">): Paginator {
  const name = send_as.slice(send_as.lastIndexOf(".") + 1);
  return {
    stable: true,
    first: () => ({}),
    next({ next }, { inputs = [] }) {
      const more = next as readonly MoreOf[];
      if (more.length === 0) return undefined;
      const sent = new Map(inputs.map((input) => [input.id, JSON.stringify(input[name])]));
      const stuck = more.find(({ id, cursor }) => sent.get(id) === JSON.stringify(cursor));
      if (stuck) {
        throw new FatalError(
          `the cursor of record ${JSON.stringify(stuck.id)} does not move: the page after ${JSON.stringify(stuck.cursor)} names the same one again. Does the request send {{slice.inputs}}, and the API read ${name} there?`,
        );
      }
      return { inputs: more.map(({ id, cursor }) => ({ id, [name]: cursor })) };
    },
    sent: () => undefined,
  };
}
