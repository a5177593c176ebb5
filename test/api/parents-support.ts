/** Rows of another pipeline, as the runtime hands them over, and what it would keep of a read by parents. */
import type { Page, ParentIds, ParentQuery, ReadRequest } from "../../src/sources/contract.ts";

export interface FakeParents {
  parents(query: ParentQuery): Promise<ParentIds>;
  /** What was asked for. */
  queries: ParentQuery[];
  /** The blocks that were read: the id before, and how many. */
  blocks: [string | undefined, number][];
}

/** @param ids in their order. */
export function fakeParents(ids: readonly string[]): FakeParents {
  const queries: ParentQuery[] = [];
  const blocks: [string | undefined, number][] = [];
  return {
    queries,
    blocks,
    async parents(query) {
      queries.push(query);
      return {
        count: async () => ids.length,
        async after(id, limit) {
          blocks.push([id, limit]);
          const start = id === undefined ? 0 : ids.indexOf(id) + 1;
          return ids.slice(start, start + limit);
        },
      };
    },
  };
}

/** Ids from one number to another, as texts. */
export function idsFrom(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
}

/** A checkpoint after some pages, as the database would give it back. */
export function parentCheckpoint(pages: readonly Page[]): ReadRequest["resume"] {
  const last = pages.at(-1);
  if (!last) return {};
  const state = last.last ? { done: true } : { position: last.position, done: false };
  return JSON.parse(JSON.stringify({ parents: state })) as ReadRequest["resume"];
}

/** Ids that are answered for, in the order in which they were. */
export function answeredOf(pages: readonly Page[]): string[] {
  return pages.flatMap(({ answered = [] }) => answered);
}

/** Ids that are refused. */
export function refusedOf(pages: readonly Page[]): string[] {
  return pages.flatMap(({ rejects = [] }) => rejects.map(({ record }) => (record as { id: string }).id));
}
