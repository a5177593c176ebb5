/** Rows into pages: small enough to be held a few at a time, however wide a row is. */
import type { Page, Position } from "../contract.ts";
import type { ResultColumn } from "./dialects/contract.ts";
import { recordsOf } from "./records.ts";

/** A page is full with this many records … */
const PAGE_RECORDS = 125;
/** … or this many bytes. */
const PAGE_BYTES = 512 * 1024;

export class PageBuilder {
  readonly #slice: string;
  #records: Record<string, unknown>[] = [];
  #bytes = 0;
  #restarted: boolean;
  #columns: readonly ResultColumn[] = [];
  #make = recordsOf(this.#columns);

  constructor(slice: string, restarted: boolean) {
    this.#slice = slice;
    this.#restarted = restarted;
  }

  add(columns: readonly ResultColumn[], row: readonly unknown[]): void {
    if (columns !== this.#columns) {
      this.#columns = columns;
      this.#make = recordsOf(columns);
    }
    this.#records.push(this.#make(row));
    let bytes = row.length * 8;
    for (let at = 0; at < row.length; at++) {
      const value = row[at];
      if (typeof value === "string") bytes += value.length;
    }
    this.#bytes += bytes;
  }

  get isFull(): boolean {
    return this.#records.length >= PAGE_RECORDS || this.#bytes >= PAGE_BYTES;
  }

  /** What was added since the last page. */
  page(end: { position?: Position; last: boolean }): Page {
    const page: Page = {
      slice: this.#slice,
      records: this.#records,
      bytes: this.#bytes,
      last: end.last,
      ...(end.position === undefined ? {} : { position: end.position }),
      ...(this.#restarted ? { restarted: true } : {}),
    };
    this.#records = [];
    this.#bytes = 0;
    this.#restarted = false;
    return page;
  }
}
