/** Asks the API about keys: which of them exist, or which are gone (`deletes.lookup`). */
import { FatalError } from "../../errors.ts";
import { referencesOf } from "../../jsonata/index.ts";
import type { ApiSource, Connection } from "../../spec/types.ts";
import type { Scope } from "../../template/index.ts";
import { instantFromDate, isoOf } from "../../values/instant.ts";
import type { KeyAnswer, KeyQuestion, SourceContext } from "../contract.ts";
import { type HttpClient, showUrl, type TextResponse, type Verdict } from "../http/index.ts";
import { type Answer, type AnswerExpression, compileOverAnswer, decodeAnswer } from "./answer.ts";
import { compileRequest } from "./build-request.ts";
import { compileDecoder } from "./decode/index.ts";
import { spellOutDecode } from "./effective-source.ts";
import { contentOf } from "./records.ts";
import { compileRules } from "./response-rules.ts";

export interface LookUpOptions {
  spec: ApiSource;
  context: SourceContext;
  connection: Connection;
  client: HttpClient;
}

/** Refusals that may be the fault of one of the keys, or of their number. */
const splits = new Set([400, 404, 413, 414, 422]);

/**
 * Compiles a lookup.
 * @returns a function that asks about keys; where their request is refused it asks about its halves, down to one key.
 *   It throws FatalError where that fails: a request that fails says nothing of any key.
 */
export function compileLookUp(
  lookup: KeyQuestion["lookup"],
  { spec, context, connection, client }: LookUpOptions,
): (keys: readonly string[]) => Promise<KeyAnswer> {
  const build = compileRequest(lookup.request, connection.base_url);
  const decoder = compileDecoder(spellOutDecode(lookup.decode ?? spec.decode ?? "json"), connection);
  const judge = compileRules(lookup.responses ?? [], connection);
  const found = lookup.found === undefined ? undefined : compileFound(lookup.found);
  const gone = lookup.gone === undefined ? undefined : compileOverAnswer(lookup.gone, "deletes.lookup.gone");
  const secretNames = connection.auth?.type === "query" ? Object.keys(connection.auth.query) : [];

  async function one(keys: readonly string[]): Promise<KeyAnswer | "refused"> {
    const request = build(scopeOf(keys, { context, connection }), { place: () => {} });
    const { method, url, content } = request;
    let result: KeyAnswer | "refused" = {};
    await client.text(request, async (response: TextResponse): Promise<Verdict> => {
      const answer = await decodeAnswer(response, {
        request: { method, url, body: content },
        slice: undefined,
        shown: `${method} ${showUrl(url, secretNames)}`,
        decoder,
      });
      const lost = gone && (await lostKeys(gone, { answer, keys }));
      if (lost?.length) {
        result = { gone: lost };
        return { do: "accept" };
      }
      const { verdict, meaning, split } = await judge(response, answer, { resumed: false });
      if (keys.length > 1 && (split || (verdict.do === "fail" && splits.has(response.status)))) {
        result = "refused";
        return { do: "accept" };
      }
      if (split) return { do: "fail", message: `key ${keys[0]} is refused${split.said}` };
      if (verdict.do === "accept" && (meaning === "unchanged" || meaning === "refused"))
        return { do: "fail", message: "an answer that says nothing of the keys it was asked about" };
      if (verdict.do === "accept")
        result = found ? { found: meaning === "empty" ? [] : await found(answer) } : { gone: [] };
      return verdict;
    });
    return result;
  }

  return async function ask(keys: readonly string[]): Promise<KeyAnswer> {
    const answer = await one(keys);
    if (answer !== "refused") return answer;
    const middle = keys.length >> 1;
    const [left, right] = [await ask(keys.slice(0, middle)), await ask(keys.slice(middle))];
    return {
      ...(left.found || right.found ? { found: [...(left.found ?? []), ...(right.found ?? [])] } : {}),
      ...(left.gone || right.gone ? { gone: [...(left.gone ?? []), ...(right.gone ?? [])] } : {}),
    };
  };
}

/** True stands for the one key that was asked about; of several it would not say which. */
async function lostKeys(
  gone: AnswerExpression,
  { answer, keys }: { answer: Answer; keys: readonly string[] },
): Promise<unknown[]> {
  const value = await gone(answer);
  if (value === false || value === undefined || value === null) return [];
  if (value !== true) return listOf(value);
  if (keys.length === 1) return [...keys];
  // What all of them are told with a refusal is asked again of each.
  if (splits.has(answer.status)) return [];
  throw new FatalError(
    `${answer.shown}: deletes.lookup.gone is true of ${keys.length} keys at once: let it give the keys that are gone, or write batch: 1`,
  );
}

/**
 * The keys that exist. An answer that has nothing of what the expression looks at does not say that none does: an error
 * body with status 200 would delete every row that is asked about.
 */
function compileFound(text: string): (answer: Answer) => Promise<unknown[]> {
  const find = compileOverAnswer(text, "deletes.lookup.found");
  const tops = new Set(referencesOf(text).paths.map(([top]) => top));
  return async (answer) => {
    const found = listOf(await find(answer));
    const { body, shown, status } = answer;
    if (found.length > 0 || Array.isArray(body)) return found;
    const names = typeof body === "object" && body !== null ? Object.keys(body) : undefined;
    if (names && (tops.size === 0 || names.some((name) => tops.has(name)))) return found;
    throw new FatalError(
      `${shown} answered ${status}, but there is nothing at deletes.lookup.found (${text}): ${contentOf(body)}. If that means that none of the keys exists, say so in its responses: { when: …, do: empty }`,
    );
  };
}

function listOf(value: unknown): unknown[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
}

function scopeOf(
  keys: readonly string[],
  { context, connection }: Pick<LookUpOptions, "context" | "connection">,
): Scope {
  const now = instantFromDate(new Date());
  return {
    values: {
      lookup: { key: keys[0], keys: [...keys], inputs: keys.map((id) => ({ id })) },
      now: { text: isoOf(now), instant: now },
      params: context.params,
      vars: connection.vars ?? {},
    },
    mapped: context.mapped,
  };
}
