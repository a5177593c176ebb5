/** The first step of an export: the request that makes it. */
import type { JobCreate } from "../../../spec/types.ts";
import { compileOverAnswer } from "../answer.ts";
import type { Meaning } from "../response-rules.ts";
import { askedWaitMs, compileCall, type JobCall, type JobCallOptions, scalarOf } from "./call.ts";
import type { RequestSurroundings } from "../request-scope.ts";
import type { JobValues } from "./position.ts";

export interface Made {
  /** Absent where a rule says that there is nothing to export (`empty`, `unchanged`). */
  job?: JobValues;
  meaning: Meaning;
  /** The source's clock, where it tells one. */
  date?: Date;
  /** What a Retry-After asks for. */
  waitMs: number;
  /** `POST https://…`, for messages. */
  shown: string;
}

export interface JobMaker {
  request: JobCall["request"];
  /** Throws FatalError for an answer without an id, naming what was there. */
  make(surroundings: RequestSurroundings): Promise<Made>;
}

/** Compiles `job.create`. Throws SpecError for what cannot be. */
export function compileCreate({ id, keep = {}, ...request }: JobCreate, options: JobCallOptions): JobMaker {
  const call = compileCall(request, options);
  const kept = Object.entries({ id, ...Object.fromEntries(Object.entries(keep)) }).map(([name, text]) => {
    const key = name === "id" ? "job.create.id" : `job.create.keep.${name}`;
    return { name, key, text, expression: compileOverAnswer(text, key) };
  });
  return {
    request: call.request,
    async make(surroundings) {
      const { answer, meaning, date } = await call.send(surroundings, { resumed: false });
      const made: Made = { meaning, waitMs: askedWaitMs(answer), shown: answer.shown, ...(date ? { date } : {}) };
      if (meaning !== "records") return made;
      const job: Record<string, string | number> = {};
      for (const { name, key, text, expression } of kept) job[name] = await scalarOf(answer, expression, { key, text });
      return { ...made, job };
    },
  };
}
