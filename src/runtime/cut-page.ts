/** `--max-records`: a page as far as there is room for it. */
import type { Page } from "../sources/contract.ts";

/** Leaves as much of a page as there is room for: what the source refused counts too. True when that fills it. */
export function cutPage(page: Page, room: number): boolean {
  const refused = page.rejects?.length ?? 0;
  if (refused + page.records.length < room) return false;
  // What is left out may belong to any of the parents: none has been read to its end.
  if (refused + page.records.length > room) delete page.answered;
  page.rejects?.splice(room);
  page.records.splice(Math.max(0, room - refused));
  return true;
}
