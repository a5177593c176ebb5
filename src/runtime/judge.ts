/** How a run ended: its status, why, and what a user does next. */
import { messageOf, SpecError } from "../errors.ts";
import { RejectLimitError } from "./commit.ts";
import type { RejectLimit } from "./reject-limit.ts";
import type { Counters } from "./state/checkpoint.ts";
import { brokenEquations, type RunOutcome } from "./summary.ts";

export interface Ending {
  pipeline: string;
  /** What was thrown. */
  failure?: unknown;
  /** The signal's name, where the user stopped the run. */
  interruptedBy?: string;
  /** `--max-records` ended the read. */
  cut: boolean;
  /** Slices that hold more than was read. */
  incomplete: readonly string[];
  counters: Counters;
  limit?: RejectLimit;
  /** The checkpoint holds a place from which reading can go on. */
  hasProgress: boolean;
}

export interface Judgement {
  status: "success" | "partial" | "failed";
  error: string | null;
  exitCode: RunOutcome["exitCode"];
  /** Everything that was asked for has been read to the end. */
  complete: boolean;
  canResume: boolean;
}

/** Judges an ending: failed before partial before success. */
export function judge(ending: Ending): Judgement {
  const { failure, interruptedBy, cut, incomplete, counters, limit, pipeline } = ending;
  const tooMany = failure instanceof RejectLimitError || limit?.exceeded(counters) === true;
  const canResume = ending.hasProgress && !tooMany;
  const failed = (error: string, exitCode: RunOutcome["exitCode"]): Judgement => ({
    status: "failed",
    error,
    exitCode,
    complete: false,
    canResume,
  });
  if (failure !== undefined) return failed(messageOf(failure), failure instanceof SpecError ? 2 : 1);
  if (interruptedBy !== undefined) {
    const next = canResume ? " to go on from the checkpoint" : ": it starts from the beginning";
    return failed(`interrupted by ${interruptedBy}; run it again${next}`, 130);
  }
  if (tooMany) return failed(limit!.message(counters), 1);
  const problems = [...incomplete, ...brokenEquations(counters)];
  const complete = problems.length === 0 && !cut;
  if (problems.length)
    return { status: "partial", error: problems.join("; "), exitCode: 3, complete, canResume: false };
  if (counters.rejected > 0 && !limit) {
    const count =
      counters.rejected === 1 ? "1 record was" : `${counters.rejected.toLocaleString("en-US")} records were`;
    const error = `${count} rejected: see etl rejects list ${pipeline}. If some are to be expected, write limits: { max_rejects: … } into the spec`;
    return { status: "partial", error, exitCode: 3, complete, canResume: false };
  }
  return { status: "success", error: null, exitCode: 0, complete, canResume: false };
}
