/** A look at an export: is it done, and what did it make. */
import { FatalError } from "../../../errors.ts";
import type { JobPoll } from "../../../spec/types.ts";
import { type Answer, compileOverAnswer } from "../answer.ts";
import { contentOf } from "../records.ts";
import type { RequestSurroundings } from "../request-scope.ts";
import { isTrue } from "../truth.ts";
import { askedWaitMs, compileCall, type JobCallOptions } from "./call.ts";

/** One file of the results: `{{job.item}}`. Undefined for the only one of a job that names none. */
export type Item = string | number | undefined;

export interface Look {
  /** `gone`: the system does not know the job of an earlier run. `nothing`: a rule says that there is nothing. */
  state: "running" | "done" | "failed" | "gone" | "nothing";
  /** Of a job that is done: what there is to fetch. */
  items: Item[];
  /** Of a job that failed: why. */
  message?: string;
  /** What was answered, cut short. */
  said: string;
  /** What a Retry-After asks for. */
  waitMs: number;
  status: number;
  shown: string;
}

/** @param resumed the job was made by an earlier run, and may be gone. */
export type Looker = (surroundings: RequestSurroundings, options: { resumed: boolean }) => Promise<Look>;

const longestSaid = 200;

/** Compiles `job.poll` and `job.results.each`. Throws SpecError for what cannot be. */
export function compilePoll(
  { every: _every, max_every: _most, for: _limit, done, failed, message, ...request }: JobPoll,
  each: string | undefined,
  options: JobCallOptions,
): Looker {
  const call = compileCall(request, options);
  const over = (text: string | undefined, key: string) =>
    text === undefined ? undefined : compileOverAnswer(text, key);
  const isDone = compileOverAnswer(done, "job.poll.done");
  const hasFailed = over(failed, "job.poll.failed");
  const why = over(message, "job.poll.message");
  const itemsOf = each === undefined ? async (): Promise<Item[]> => [undefined] : compileEach(each);
  return async (surroundings, { resumed }) => {
    const { answer, meaning } = await call.send(surroundings, { resumed });
    const { status, shown } = answer;
    const look = { items: [], said: textOf(answer), waitMs: askedWaitMs(answer), status, shown };
    if (meaning === "refused") return { ...look, state: "gone" };
    if (meaning !== "records") return { ...look, state: "nothing" };
    // A job that failed may call itself done.
    if (hasFailed && isTrue(await hasFailed(answer))) {
      const said = await why?.(answer);
      return { ...look, state: "failed", ...(typeof said === "string" && said !== "" ? { message: said } : {}) };
    }
    if (!isTrue(await isDone(answer))) return { ...look, state: "running" };
    return { ...look, state: "done", items: await itemsOf(answer) };
  };
}

function compileEach(each: string): (answer: Answer) => Promise<Item[]> {
  const find = compileOverAnswer(each, "job.results.each");
  return async (answer) => {
    const found = await find(answer);
    if (found === undefined || found === null) {
      throw new FatalError(
        `${answer.shown} says that the job is done, but there is nothing at job.results.each (${each}): ${contentOf(answer.body)}. ` +
          `If that means no files, write [${each}].`,
      );
    }
    const items: unknown[] = Array.isArray(found) ? found : [found];
    const odd = items.find((item) => typeof item !== "string" && typeof item !== "number");
    if (odd === undefined) return items as Item[];
    throw new FatalError(
      `${answer.shown}: job.results.each (${each}) gives ${JSON.stringify(odd).slice(0, longestSaid)}, which is neither a URL nor an id`,
    );
  };
}

function textOf({ status, body }: Answer): string {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  if (text === "") return `status ${status}`;
  return text.length <= longestSaid ? text : `${text.slice(0, longestSaid - 1)}…`;
}
