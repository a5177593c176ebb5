/** Rows into pages: small enough to be held a few at a time, however wide a row is. */
import type { Page, Position } from "../contract.ts";
import type { ResultColumn } from "./dialects/contract.ts";

/** A page is full with this many records … */
const PAGE_RECORDS = 250;
/** … or this many bytes. */
const PAGE_BYTES = 512 * 1024;

export class PageBuilder {
  readonly #slice: string;
  #records: Record<string, unknown>[] = [];
  #bytes = 0;
  #restarted: boolean;

  constructor(slice: string, restarted: boolean) {
    this.#slice = slice;
    this.#restarted = restarted;
  }

  add(columns: readonly ResultColumn[], row: readonly unknown[]): void {
    const record: Record<string, unknown> = {};
    let bytes = 0;
    for (let at = 0; at < columns.length; at++) {
      const value = row[at];
      record[columns[at]!.name] = value;
      bytes += typeof value === "string" ? value.length + 8 : 8;
    }
    this.#records.push(record);
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
