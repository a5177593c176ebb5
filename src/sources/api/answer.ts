/** A response as expressions see it. */
import { FatalError, messageOf, RecordError, SpecError } from "../../errors.ts";
import { compile, isJsonataError } from "../../jsonata/index.ts";
import { parseJson } from "../../values/json-text.ts";
import type { TextResponse } from "../http/index.ts";

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** Decoded; the text itself where it is no JSON, undefined where there is none. */
  body: unknown;
  /** Why the text is no JSON. */
  problem?: string;
  /** `$request`: what was asked, without credentials. */
  request: { method: string; url: string; body?: unknown };
  /** Of the decoded text. */
  length: number;
  /** `GET https://…`, for messages. */
  shown: string;
}

/** Decodes a response's JSON, once, without losing digits. Text that is none is kept, with the reason. */
export function decodeAnswer(response: TextResponse, { request, shown }: Pick<Answer, "request" | "shown">): Answer {
  const { status, headers, text } = response;
  const answer: Answer = { status, headers, body: undefined, request, shown, length: text.length };
  if (text.trim() === "") return answer;
  try {
    return { ...answer, body: parseJson(text) };
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return { ...answer, body: text, problem: error.message };
  }
}

/** Evaluates an expression over an answer: its body, with $headers, $status and $request. */
export type AnswerExpression = (answer: Answer) => Promise<unknown>;

/**
 * Compiles an expression over a response.
 * @param where the spec key, for messages: `pagination.cursor`.
 * @throws SpecError for bad syntax; the expression throws FatalError for what JSONata refuses.
 */
export function compileOverAnswer(expression: string, where: string): AnswerExpression {
  const compiled = compileNamed(expression, where);
  return async (answer) => {
    const { status, headers, request } = answer;
    try {
      return await compiled.evaluate(answer.body, { status, headers, request });
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
