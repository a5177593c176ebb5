/** Guards against reads that would never end, or end too soon, without a word. */
import { FatalError } from "../../errors.ts";
import { linkOf } from "../http/index.ts";
import type { Answer } from "./answer.ts";
import { hashOf } from "./hash.ts";

/** So many records of a page are looked at: mostly they tell that it is a new one. */
const looksAt = 8;

/**
 * Remembers the pages of a slice. `admit` throws FatalError for a non-empty page with all the records of the first or
 * the one before it, and for one with those of any other when it has come round once more.
 */
export class RepeatedPages {
  private readonly samples = new Set<number>();
  /** Pages by all their records: the first, and those whose sample was there before. */
  private readonly whole = new Map<number, number>();
  private previous: readonly unknown[] = [];
  private pages = 0;

  admit(records: readonly unknown[], shown: string): void {
    if (records.length === 0) return;
    const page = ++this.pages;
    const sample = hashOf([records.length, spread(records)]);
    if (page === 1) this.whole.set(hashOf(records), page);
    else if (this.samples.has(sample)) this.compare(records, { page, shown });
    this.samples.add(sample);
    this.previous = records;
  }

  private compare(records: readonly unknown[], { page, shown }: { page: number; shown: string }): void {
    const last = hashOf(this.previous);
    if (!this.whole.has(last)) this.whole.set(last, page - 1);
    const hash = hashOf(records);
    const before = this.whole.get(hash);
    if (before === undefined) {
      this.whole.set(hash, page);
      return;
    }
    throw new FatalError(
      `${shown} gave the same ${records.length} records as page ${before} of this read. ` +
        "Is the position sent under the name that the API reads? If the API repeats its last page, say when to stop (stop_when, pages or total).",
    );
  }
}

/** The first record, the last, and others between them at even distances. */
function spread(records: readonly unknown[]): unknown[] {
  const last = records.length - 1;
  if (last < looksAt) return [...records];
  return Array.from({ length: looksAt }, (_, at) => records[Math.round((at * last) / (looksAt - 1))]);
}

/** Where APIs write their next link. A cursor or link under one of these means that there is more. */
const nextPaths = [
  "paging.next",
  "next",
  "next_url",
  "nextUrl",
  "next_page_url",
  "@odata.nextLink",
  "nextLink",
  "links.next",
  "_links.next",
  "meta.next",
  "pagination.next",
  "next_cursor",
  "nextCursor",
  "next_page_token",
  "nextPageToken",
];

/** Throws FatalError when an answer names a next page and nothing would ask for it. */
export function refuseNextLink({ headers, body, shown }: Answer): void {
  const place =
    linkOf(headers["link"], "next") === undefined
      ? nextPaths.find((path) => isNext(valueAt(body, path), path))
      : 'a Link header with rel="next"';
  if (place === undefined) return;
  throw new FatalError(
    `${shown} has more pages (${place}), but pagination is none: the rest would be lost. Say how the next page follows (source.pagination).`,
  );
}

function valueAt(body: unknown, path: string): unknown {
  // "@odata.nextLink" is one name with a dot in it.
  const names = path.startsWith("@") ? [path] : path.split(".");
  return names.reduce<unknown>((value, name) => {
    const holds = typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, name);
    return holds ? (value as Record<string, unknown>)[name] : undefined;
  }, body);
}

/** A bare `next` may be any field of a record: only what looks like a link or holds one counts. */
function isNext(value: unknown, path: string): boolean {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return ["after", "link", "href", "url", "cursor"].some(
      (name) => typeof (value as Record<string, unknown>)[name] === "string",
    );
  }
  if (typeof value !== "string" || value === "") return false;
  return path === "next" ? /^(?:https?:\/)?\/|^\?/.test(value) : true;
}
