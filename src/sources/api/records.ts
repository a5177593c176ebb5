import { FatalError } from "../../errors.ts";
import { describeBody } from "../http/index.ts";
import { type Answer, compileOverAnswer } from "./answer.ts";
import type { Records } from "./effective-source.ts";

/**
 * Compiles `records`: the list that an answer holds. JSONata gives a list of one as the one itself, so whatever is
 * no list is a list of it. No value there (null is none) is an error that names what was there instead: an error
 * body with status 200 must never read as an empty list, nor as a record of its own: where the body itself is to be
 * the list (`$`) and there are pages of it, a map is none.
 * @param paged there may be more than one page
 */
export function compileRecords(
  { from, missing }: Records,
  { paged }: { paged: boolean },
): (answer: Answer) => Promise<unknown[]> {
  const find = compileOverAnswer(from, "records");
  const wantsList = paged && from.trim() === "$";
  return async (answer) => {
    const { rows } = answer;
    const found = await find(rows ? { ...answer, body: rows.list } : answer);
    if (Array.isArray(found)) return found;
    if (wantsList && typeof found === "object" && found !== null)
      throw new FatalError(
        `${answer.shown} answered ${answer.status}, but the body is no list of records (records: $, in pages): ${contentOf(answer.body)}`,
      );
    if (found !== undefined && found !== null) return [found];
    if (missing === "empty") return [];
    const place = rows && rows.list === undefined ? `decode.rows.from (${rows.from})` : `records (${from})`;
    throw new FatalError(
      `${answer.shown} answered ${answer.status}, but there is nothing at ${place}: ${contentOf(answer.body)}. ` +
        "If that means no records, write records: { from: …, missing: empty }.",
    );
  };
}

const maxShownKeys = 20;

/** What a body holds, for the message that something is not in it. */
export function contentOf(body: unknown): string {
  if (body === undefined) return "the body is empty";
  if (Array.isArray(body)) return `the body is a list of ${body.length}`;
  if (typeof body !== "object" || body === null) return `the body is ${JSON.stringify(body)}`.slice(0, 200);
  const keys = Object.entries(body).map(([key, value]) => (value === null ? `${key} (null)` : key));
  if (keys.length === 0) return "the body is an empty map";
  const shown = keys.slice(0, maxShownKeys).join(", ") + (keys.length > maxShownKeys ? ", …" : "");
  const said =
    "message" in body || "error" in body || "errors" in body ? describeBody(JSON.stringify(body)) : undefined;
  return `the body has ${shown}${said === undefined ? "" : `, and says ${said}`}`;
}
