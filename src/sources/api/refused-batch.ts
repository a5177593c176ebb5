import { FatalError } from "../../errors.ts";

/**
 * The system refused a batch of parents, and a rule says to ask for parts of it. Whoever reads batches catches it;
 * elsewhere it is what it says, an answer that stops the run.
 */
export class RefusedBatch extends FatalError {
  /** What to ask instead: the two halves, or each id on its own. */
  readonly action: "split" | "lookup";
  readonly status: number;
  constructor(message: string, { action, status }: { action: "split" | "lookup"; status: number }) {
    super(message);
    this.action = action;
    this.status = status;
  }
}
