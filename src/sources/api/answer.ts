/** A response as expressions see it. */
import { FatalError, messageOf, SpecError } from "../../errors.ts";
import { compile, isJsonataError } from "../../jsonata/index.ts";
import type { SourceReject } from "../contract.ts";
import type { TextResponse } from "../http/index.ts";
import { type AnswerDecoder, BadBody } from "./decode/contract.ts";
import { jsonDecoder } from "./decode/json.ts";

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** Decoded; the text itself where it is not what the spec says, undefined where there is none. */
  body: unknown;
  /** Why the body could not be decoded, and whether another try may help: it was damaged or cut on its way. */
  problem?: { message: string; cut: boolean };
  /** With `decode.rows`: what `records` looks at, undefined where there is nothing at `from`. */
  rows?: { list: unknown[] | undefined; from: string };
  /** Lines and rows of the body that could not be read. */
  rejects?: SourceReject[];
  /** `$slice`, where the source is read in slices. */
  slice?: unknown;
  /** `$request`: what was asked, without credentials. */
  request: { method: string; url: string; body?: unknown };
  /** Of the body, decompressed, in bytes. */
  length: number;
  /** `GET https://…`, for messages. */
  shown: string;
}

const json: AnswerDecoder = {
  decode: async ({ content, text }, shown) => jsonDecoder.decode({ bytes: content, text: () => text, shown }),
};

/** Decodes a response, once: as JSON unless another decoder is given. A body that cannot be is kept as a text. */
export async function decodeAnswer(
  response: TextResponse,
  { request, slice, shown, decoder = json }: Pick<Answer, "request" | "slice" | "shown"> & { decoder?: AnswerDecoder },
): Promise<Answer> {
  const { status, headers, content } = response;
  const answer: Answer = { status, headers, body: undefined, slice, request, shown, length: content.length };
  if (isBlank(content)) return answer;
  try {
    const { value, rejects } = await decoder.decode(response, shown);
    return { ...answer, body: value, ...(rejects?.length ? { rejects } : {}) };
  } catch (error) {
    if (!(error instanceof BadBody)) throw error;
    return { ...answer, body: response.text, problem: { message: error.message, cut: error.cut } };
  }
}

/** Nothing but blanks, in any encoding that has ASCII; a long body is never asked for its text. */
function isBlank(content: Buffer): boolean {
  return content.length < 1024 && content.toString("latin1").trim() === "";
}

/** Evaluates an expression over an answer: its body, with $headers, $status, $slice and $request. */
export type AnswerExpression = (answer: Answer) => Promise<unknown>;

/**
 * Compiles an expression over a response.
 * @param where the spec key, for messages: `pagination.cursor`.
 * @throws SpecError for bad syntax; the expression throws FatalError for what JSONata refuses.
 */
export function compileOverAnswer(expression: string, where: string): AnswerExpression {
  const compiled = compileNamed(expression, where);
  return async (answer) => {
    const { status, headers, slice, request } = answer;
    try {
      return await compiled.evaluate(answer.body, { status, headers, slice, request });
    } catch (error) {
      throw new FatalError(`${answer.shown}: ${where} (${expression}) failed: ${textOf(error)}`, { cause: error });
    }
  };
}

/** Compiles an expression over one record. It answers at once wherever JSONata can, else with a promise. */
export function compileOverRecord(expression: string, where: string): (record: unknown) => unknown {
  const compiled = compileNamed(expression, where);
  const explain = (error: unknown): never => {
    throw new FatalError(`${where} (${expression}) failed: ${textOf(error)}`, { cause: error });
  };
  return (record) => {
    try {
      const value = compiled.evaluate(record);
      return value instanceof Promise ? value.catch(explain) : value;
    } catch (error) {
      return explain(error);
    }
  };
}

function compileNamed(expression: string, where: string) {
  try {
    return compile(expression);
  } catch (error) {
    throw new SpecError(`${where} (${expression}): ${textOf(error)}`, { cause: error });
  }
}

function textOf(error: unknown): string {
  return isJsonataError(error) ? error.message : messageOf(error);
}
