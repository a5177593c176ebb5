/** A plan with problems is not run: what it would take is for a person to decide. */
import { FatalError } from "../errors.ts";
import type { TablePlan } from "./contract.ts";

/** Throws FatalError with every problem and its SQL; says nothing when there is none. */
export function refusePlan(plan: TablePlan): void {
  if (plan.problems.length === 0) return;
  const problems = plan.problems.map(({ message, sql }) => (sql ? `${message}. To change it:\n${sql};` : message));
  throw new FatalError(problems.join("\n"));
}
