import { FatalError } from "../../errors.ts";
import type { ApiSource } from "../../spec/types.ts";
import { describeBody } from "../http/index.ts";
import { type Answer, compileOverAnswer } from "./answer.ts";

/**
 * Compiles `records`: the list that an answer holds. JSONata gives a list of one as the one itself, so whatever is
 * no list is a list of it. No value there (null is none) is an error that names what was there instead: an error
 * body with status 200 must never read as an empty list.
 */
export function compileRecords({ from, missing }: ApiSource["records"]): (answer: Answer) => Promise<unknown[]> {
  const find = compileOverAnswer(from, "records");
  return async (answer) => {
    const { rows } = answer;
    const found = await find(rows ? { ...answer, body: rows.list } : answer);
    if (Array.isArray(found)) return found;
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

function contentOf(body: unknown): string {
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
