/** Opaque `after` values: a place, and a sum that keeps callers from making their own or using those of another list. */
import { invalid } from "../api-error.ts";
import { hashText } from "../data/draw.ts";

/** @param list which list it belongs to: a cursor of another one is refused. */
export function writeCursor(place: string, list: string): string {
  return Buffer.from(`${place}.${check(place, list)}`).toString("base64url");
}

/** The place that was written. Throws ApiError (400) for what is none of ours. */
export function readCursor(after: string, list: string): string {
  const [place = "", sum] = Buffer.from(after, "base64url").toString().split(".");
  if (!/^\d+$/.test(place) || sum !== check(place, list))
    throw invalid(`Invalid value for query param after: "${after}"`, { after: [after] });
  return place;
}

function check(place: string, list: string): string {
  return hashText(`${list}/${place}`).toString(36);
}
