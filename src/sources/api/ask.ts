/** One request and its answer, decoded, with what the rules make of it. */
import { type HttpClient, showUrl, type TextResponse, type Verdict } from "../http/index.ts";
import { type Answer, decodeAnswer } from "./answer.ts";
import type { BuiltRequest } from "./build-request.ts";
import type { AnswerDecoder } from "./decode/index.ts";
import { RefusedBatch } from "./refused-batch.ts";
import type { compileRules, Judgement, Meaning } from "./response-rules.ts";

export interface AskOptions {
  client: HttpClient;
  decoder: AnswerDecoder;
  judge: ReturnType<typeof compileRules>;
  /** `$slice` of expressions. */
  slice?: unknown;
  /** Query names of credentials, for what is shown. */
  secretNames: readonly string[];
  /** It asks for something that an earlier run began: a refusal is an answer, its `meaning` is `refused`. */
  resumed: boolean;
}

export interface Asked {
  answer: Answer;
  meaning: Meaning;
  /** The source's clock, where it tells one. */
  date?: Date;
}

/** Asks. Throws FatalError, TransientError as the rules and the client say; RefusedBatch where a rule splits. */
export async function ask(request: BuiltRequest, options: AskOptions): Promise<Asked> {
  const { method, url, content } = request;
  const { client, decoder, judge, slice, secretNames, resumed } = options;
  const shown = `${method} ${showUrl(url, secretNames)}`;
  let answer: Answer | undefined;
  let judged: Judgement | undefined;
  const response = await client.text(request, async (candidate: TextResponse): Promise<Verdict> => {
    answer = await decodeAnswer(candidate, { request: { method, url, body: content }, slice, shown, decoder });
    judged = await judge(candidate, answer, { resumed });
    return judged.verdict;
  });
  const { meaning, split } = judged as Judgement;
  if (split) {
    const { status } = response;
    throw new RefusedBatch(`${shown} answered ${status}${split.said}`, { action: split.do, status });
  }
  const date = new Date(response.headers["date"] ?? "");
  return { answer: answer as Answer, meaning, ...(Number.isNaN(date.getTime()) ? {} : { date }) };
}
