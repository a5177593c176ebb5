/** The evaluation that runs. Compiled code is synchronous, so there is one at a time. */

export interface Limits {
  timeoutMs: number;
  maxDepth: number;
  maxSequence: number;
}

/** What passes the time limit: the reference would only spend as much again. */
export class TimeLimitError extends Error {
  readonly code = "D1012";
  readonly value: number;
  constructor(value: number) {
    super(`Evaluation timeout after ${value} milliseconds. Check for infinite loop`);
    this.value = value;
  }
}

const TICKS_BETWEEN_LOOKS = 1_024;

export const evaluation = {
  limits: { timeoutMs: 0, maxDepth: 0, maxSequence: 0 } as Limits,
  ticks: 0,
  /** When the clock was first looked at; 0 before. */
  startedAt: 0,
  /** The instant of `$now` and `$millis`; 0 until one is asked. */
  instant: 0,
};

export function beginEvaluation(limits: Limits): void {
  evaluation.limits = limits;
  evaluation.startedAt = 0;
  evaluation.instant = 0;
}

/** Called wherever a loop or a call may go on for long. Throws TimeLimitError. */
export function tick(): void {
  if (++evaluation.ticks >= TICKS_BETWEEN_LOOKS) lookAtClock();
}

function lookAtClock(): void {
  evaluation.ticks = 0;
  const now = Date.now();
  if (evaluation.startedAt === 0) evaluation.startedAt = now;
  else if (now - evaluation.startedAt > evaluation.limits.timeoutMs)
    throw new TimeLimitError(evaluation.limits.timeoutMs);
}

/** One instant throughout an evaluation. */
export function instant(): number {
  return (evaluation.instant ||= Date.now());
}
