/** What an answer's headers say about a budget. */
import { messageOf, SpecError } from "../../../errors.ts";
import { compile, isJsonataError } from "../../../jsonata/index.ts";
import type { RateLimit } from "../../../spec/types.ts";
import { leadingNumber, msUntil } from "./header-time.ts";

export interface Reading {
  /** What may still be spent before the reset. */
  remaining?: number;
  used?: number;
  limit?: number;
  /** Milliseconds to the reset. */
  resetMs?: number;
}

type Headers = Readonly<Record<string, string>>;
type ReadHeaders = (headers: Headers, now: number) => Promise<Reading>;

/**
 * Compiles the header keys of a budget; undefined where it has none. The result reads nothing out of headers that are
 * absent; it throws Error with a sentence for one that is there and cannot be read.
 * @throws SpecError for an expression that is no JSONata.
 */
export function compileReading(limit: RateLimit): ReadHeaders | undefined {
  const { remaining_header, reset_header, limit_header, used_header } = limit;
  if (!(remaining_header ?? reset_header ?? limit_header ?? used_header)) return undefined;
  const used = compileUsed(limit.used);
  const number = (headers: Headers, name: string | undefined): number | undefined => {
    const text = name === undefined ? undefined : headers[name.toLowerCase()];
    if (text === undefined) return undefined;
    const value = leadingNumber(text);
    if (value === undefined) throw new Error(`the header ${name} is ${JSON.stringify(text)}, which is not a number`);
    return value;
  };
  return async (headers, now) => {
    const reading: Reading = {};
    const max = number(headers, limit_header);
    if (max !== undefined && max > 0) reading.limit = max;
    const remaining = number(headers, remaining_header);
    if (remaining !== undefined) reading.remaining = remaining;
    const spent = used_header === undefined ? undefined : headers[used_header.toLowerCase()];
    if (spent !== undefined) reading.used = used ? await used(spent) : (number(headers, used_header) as number);
    const reset = reset_header === undefined ? undefined : headers[reset_header.toLowerCase()];
    if (reset !== undefined) {
      const ms = msUntil(reset, headers, now);
      if (ms === undefined)
        throw new Error(`the header ${reset_header} is ${JSON.stringify(reset)}, which is neither seconds nor a time`);
      reading.resetMs = ms;
    }
    return reading;
  };
}

/** JSONata over `{ value: "…" }`, the header's text, giving a number. */
function compileUsed(expression: string | undefined): ((value: string) => Promise<number>) | undefined {
  if (expression === undefined) return undefined;
  const wrong = (error: unknown): string => (isJsonataError(error) ? error.message : messageOf(error));
  let compiled: ReturnType<typeof compile>;
  try {
    compiled = compile(expression);
  } catch (error) {
    throw new SpecError(`rate_limits.used (${expression}): ${wrong(error)}`, { cause: error });
  }
  return async (value) => {
    const used: unknown = await Promise.resolve(compiled.evaluate({ value })).catch((error: unknown) => {
      throw new Error(`rate_limits.used (${expression}) failed for ${JSON.stringify(value)}: ${wrong(error)}`);
    });
    if (typeof used === "number" && Number.isFinite(used)) return used;
    throw new Error(
      `rate_limits.used (${expression}) gives ${JSON.stringify(used) ?? "nothing"} for ${JSON.stringify(value)}, which is not a number`,
    );
  };
}
