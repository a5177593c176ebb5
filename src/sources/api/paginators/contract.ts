/** How the next page follows: pure steps, so that a table can test them. */
import type { Connection } from "../../../spec/types.ts";
import type { Position } from "../../contract.ts";

/** What a paginator needs to know of a connection: where a link may lead. */
export type PagedConnection = Pick<Connection, "base_url" | "allowed_hosts">;

/** A record of a batch that is asked for: `{ id }`, `{ id, after }`. */
export type NestedInput = { readonly id: string } & Readonly<Record<string, Position>>;

/** Which page is asked for. */
export interface Step {
  /** Cursor, or last id: {{page.after}}. */
  after?: Position;
  /** {{page.number}} */
  number?: number;
  /** {{page.offset}} */
  offset?: number;
  /** The whole URL of the page, instead of the request's own. */
  url?: string;
  /** {{slice.inputs}}: the records that have more, and where each goes on; without it the whole batch. */
  inputs?: readonly NestedInput[];
}

/** What a response says, as far as paging goes. */
export interface PageFacts {
  /** Records on this page. */
  count: number;
  /** Records of this read so far, this page included. */
  read: number;
  /** The next cursor, the next link, the last record's id, or the records that have more. */
  next?: unknown;
  /** `stop_when` holds. */
  stop: boolean;
  /** How many pages there are in all. */
  pages?: number;
  /** How many records there are in all, or from here on. */
  total?: number;
  /** Where the response came from. */
  url: string;
}

export interface Paginator {
  /** Pages do not shift when records leave, and reading can go on at a step in a later run. */
  readonly stable: boolean;
  first(): Step;
  /** The step after this page; undefined when it was the last. Throws FatalError for a position that does not move. */
  next(facts: PageFacts, step: Step): Step | undefined;
  /**
   * The step after a page, before that page is there: as it will be if the page is as long as `told.count` and the
   * counts told stay what they are. Undefined for the last one, and where nothing is told. Absent where only a page
   * itself can say what follows.
   */
  guess?(step: Step, told: Pick<PageFacts, "count" | "pages" | "total">): Step | undefined;
  /** The value that `send_as` sends; undefined when nothing is sent (a first page without a position, a URL). */
  sent(step: Step): Position | undefined;
}
