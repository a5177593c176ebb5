import type { Connection, Responses } from "../../spec/types.ts";
import { compileWait, defaultVerdict, describeBody, type TextResponse, type Verdict } from "../http/index.ts";
import { type Answer, compileOverAnswer } from "./answer.ts";
import { isTrue } from "./truth.ts";

/** What is made of an answer that was accepted. */
export type Meaning = "records" | "empty" | "unchanged" | "refused";

export interface Judgement {
  verdict: Verdict;
  /** Of an accepted answer. */
  meaning: Meaning;
  /** The batch is refused, and its parts are to be asked for; what the system said, for messages (`: "…"`). */
  split?: { do: "split" | "lookup"; said: string };
}

/** What a system answers to a position that it no longer knows. */
const refusals = new Set([400, 404, 409, 410, 412, 416, 422]);

export interface JudgeOptions {
  /** The request carries a position from an earlier run, which the system may have forgotten. */
  resumed: boolean;
}

/**
 * Compiles the rules of a read: the pipeline's before the connection's, then the defaults. The first whose `when`
 * is true (after JSONata's boolean cast) wins.
 */
export function compileRules(pipeline: Responses, connection: Connection) {
  const rules = [...pipeline, ...(connection.responses ?? [])].map((rule) => ({
    ...rule,
    when: compileOverAnswer(rule.when, "responses.when"),
    wait: rule.wait === undefined ? undefined : compileWait(rule.wait),
  }));
  return async (response: TextResponse, answer: Answer, { resumed }: JudgeOptions): Promise<Judgement> => {
    for (const { when, do: action, wait, message } of rules) {
      if (!isTrue(await when(answer))) continue;
      if (action === "fail")
        return resumed && refusals.has(answer.status)
          ? refusedPosition
          : { verdict: { do: "fail", message }, meaning: "records" };
      if (action === "retry")
        return { verdict: { do: "retry", waitMs: wait?.(response, Date.now()), message }, meaning: "records" };
      if (action === "split" || action === "lookup")
        return { verdict: { do: "accept" }, meaning: "empty", split: { do: action, said: said(response, message) } };
      return action === "ignore" ? judgeBody(answer) : { verdict: { do: "accept" }, meaning: action };
    }
    if (resumed && refusals.has(answer.status)) return refusedPosition;
    const verdict = defaultVerdict(response, connection.retry.on);
    if (verdict.do !== "accept") return { verdict, meaning: "records" };
    if (answer.status === 207) return { verdict: { do: "fail", message: partlyFailed(response) }, meaning: "records" };
    return answer.status === 304 ? { verdict, meaning: "unchanged" } : judgeBody(answer);
  };
}

const refusedPosition: Judgement = { verdict: { do: "accept" }, meaning: "refused" };

function said({ text }: TextResponse, message = describeBody(text)): string {
  return message === undefined ? "" : `: ${message}`;
}

/** 207 (RFC 4918, 11.1) tells of several outcomes: without a rule nobody looked at those that failed. */
function partlyFailed(response: TextResponse): string {
  return `a part of it failed${said(response)}. Say in responses which of these are a success ({ when: $status = 207 and …, do: ignore }) and what becomes of the rest`;
}

/** A success must hold what the spec says. What was damaged or cut on its way is asked for again. */
function judgeBody({ problem }: Answer): Judgement {
  if (problem === undefined) return { verdict: { do: "accept" }, meaning: "records" };
  return { verdict: { do: problem.cut ? "retry" : "fail", message: problem.message }, meaning: "records" };
}
