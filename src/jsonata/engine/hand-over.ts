/**
 * Compiled code never makes an error of its own. What it cannot do, or must refuse, it hands over: the reference
 * evaluates the expression again and says what happened, with its own code, position and words.
 */
export const HAND_OVER = new Error("the reference evaluator decides");

/** The same where the reference writes into its input: it gets a copy. */
export const HAND_OVER_COPY = new Error("the reference evaluator decides, over a copy");

/** Ends the evaluation; the reference takes it over. */
export function handOver(): never {
  throw HAND_OVER;
}
