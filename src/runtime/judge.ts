/** How a run ended: its status, why, and what a user does next. */
import { messageOf, SpecError } from "../errors.ts";
import { RejectLimitError } from "./commit.ts";
import type { RejectLimit } from "./reject-limit.ts";
import { brokenEquations, type RunOutcome } from "./summary.ts";
import { allCounts, type Tally } from "./tally.ts";

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
  /** Why nothing was deleted although something should have been. */
  notDeleted?: string;
  tally: Tally;
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
  const { failure, interruptedBy, cut, incomplete, tally, limit, pipeline } = ending;
  const counters = allCounts(tally);
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
  const problems = [...incomplete, ...brokenEquations(tally.own), ...brokenChildren(tally)];
  const complete = problems.length === 0 && !cut;
  if (problems.length)
    return { status: "partial", error: problems.join("; "), exitCode: 3, complete, canResume: false };
  const { notDeleted } = ending;
  if (counters.rejected > 0 && !limit) {
    const count =
      counters.rejected === 1 ? "1 record was" : `${counters.rejected.toLocaleString("en-US")} records were`;
    const error = `${count} rejected: see etl rejects list ${pipeline}. If some are to be expected, write limits: { max_rejects: … } into the spec`;
    const both = notDeleted === undefined ? error : `${notDeleted}; ${error}`;
    return { status: "partial", error: both, exitCode: 3, complete, canResume: false };
  }
  // All was read, so the watermark moves; what could not be deleted is no part of that.
  if (notDeleted !== undefined)
    return { status: "partial", error: notDeleted, exitCode: 3, complete, canResume: false };
  return { status: "success", error: null, exitCode: 0, complete, canResume: false };
}

function brokenChildren({ tables }: Tally): string[] {
  return Object.entries(tables).flatMap(([table, counters]) =>
    brokenEquations(counters).map((problem) => `${table}: ${problem}`),
  );
}
