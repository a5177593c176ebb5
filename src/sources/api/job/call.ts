/** One of the requests of a job beside its results. */
import { FatalError } from "../../../errors.ts";
import type { Decode } from "../../../spec/types.generated.ts";
import type { Request, Responses } from "../../../spec/types.ts";
import { type HttpClient, retryAfterMs } from "../../http/index.ts";
import type { Answer, AnswerExpression } from "../answer.ts";
import { ask, type Asked } from "../ask.ts";
import { type BuiltRequest, compileRequest } from "../build-request.ts";
import { compileDecoder } from "../decode/index.ts";
import { spellOutDecode } from "../effective-source.ts";
import { contentOf } from "../records.ts";
import { type RequestSurroundings, requestScope, secretQueryNames } from "../request-scope.ts";
import { compileRules } from "../response-rules.ts";

export interface JobCall {
  /** The request as it would go out now. */
  request(surroundings: RequestSurroundings): BuiltRequest;
  /**
   * @param resumed the job was made by an earlier run: that it is not known any more is an answer, `refused`.
   * @throws FatalError, TransientError as the rules and the client say.
   */
  send(surroundings: RequestSurroundings, options: { resumed: boolean }): Promise<Asked>;
}

export interface JobCallOptions {
  client: HttpClient;
  connection: RequestSurroundings["connection"];
  responses: Responses;
}

/** Compiles a call. Throws SpecError for what cannot be. */
export function compileCall(
  { decode, ...request }: Request & { decode?: Decode },
  { client, connection, responses }: JobCallOptions,
): JobCall {
  const build = compileRequest(request, connection.base_url);
  const decoder = compileDecoder(spellOutDecode(decode ?? "json"), connection);
  const judge = compileRules(responses, connection);
  const secretNames = secretQueryNames(connection);
  const requestIn = (surroundings: RequestSurroundings): BuiltRequest =>
    build(requestScope(surroundings), { place: () => {} });
  return {
    request: requestIn,
    send: (surroundings, { resumed }) => {
      const slice = surroundings.slice?.inExpressions;
      return ask(requestIn(surroundings), { client, decoder, judge, slice, secretNames, resumed });
    },
  };
}

/** A Retry-After of an answer, in milliseconds; 0 where there is none. */
export function askedWaitMs({ headers }: Answer): number {
  return retryAfterMs(headers, Date.now()) ?? 0;
}

/** A text or number that an answer must hold. Throws FatalError that names what was there instead. */
export async function scalarOf(
  answer: Answer,
  expression: AnswerExpression,
  where: { key: string; text: string },
): Promise<string | number> {
  const value = await expression(answer);
  if ((typeof value === "string" && value !== "") || typeof value === "number") return value;
  const found =
    value === undefined || value === null || value === ""
      ? `there is nothing at ${where.key} (${where.text}): ${contentOf(answer.body)}`
      : `${where.key} (${where.text}) is ${JSON.stringify(value).slice(0, 200)}, which is neither a text nor a number`;
  throw new FatalError(`${answer.shown} answered ${answer.status}, but ${found}. So the job cannot be waited for.`);
}
