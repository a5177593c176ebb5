/**
 * The four classes of errors, by what to do next. Code looks at the class, never at the text of a message.
 * A message says what happened, where, and what to do; the original error travels in `cause`.
 */

/** A spec, a connection, `etl.yml` or the command line is wrong: somebody edits a file. Exit code 2. */
export class SpecError extends Error {
  override readonly name = "SpecError";
}

/** The other side is busy or unreachable for now: the call may be made again, after `waitMs` where it is known. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  /** How long the other side asked us to wait, in milliseconds. */
  readonly waitMs: number | undefined;
  constructor(message: string, options?: ErrorOptions & { waitMs?: number }) {
    super(message, options);
    this.waitMs = options?.waitMs;
  }
}

/** One record cannot become a row: it is rejected and counted, and the run goes on. */
export class RecordError extends Error {
  override readonly name = "RecordError";
}

/** The run cannot go on: the database is gone, credentials were refused, a guard tripped. */
export class FatalError extends Error {
  override readonly name = "FatalError";
}

/** The text of anything that was thrown, without a stack. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(messageOf).join("; ");
  if (error instanceof Error) return error.message;
  // JSONata throws plain objects.
  if (typeof error === "object" && error !== null && "message" in error) return String(error.message);
  return typeof error === "object" ? JSON.stringify(error) : String(error);
}
