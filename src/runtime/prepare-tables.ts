/** The tables that a run fills, brought to what the mappings need before the first record. */
import { FatalError } from "../errors.ts";
import type { AttemptInput } from "./attempt.ts";
import type { Target } from "./target.ts";

/** True when all of them were there before. A dry run says what it would do. Throws FatalError where a person must act. */
export async function prepareTables(
  { sink, flags, engine }: Pick<AttemptInput, "sink" | "flags" | "engine">,
  targets: readonly Target[],
): Promise<boolean> {
  const plans = [];
  for (const { table } of targets) plans.push(await sink.plan(table));
  const existed = plans.every(({ creates }) => !creates);
  if (!flags.dryRun) {
    for (const plan of plans) await sink.apply(plan);
    return existed;
  }
  const problems = plans.flatMap((plan) => plan.problems);
  for (const { message, sql } of problems) engine.log.warn(`Dry run: ${message}; it would take: ${sql}`);
  if (problems.length) throw new FatalError(problems.map(({ message }) => message).join("; "));
  for (const statement of plans.flatMap(({ statements }) => statements))
    engine.log.info(`Dry run: would run ${statement}`);
  return existed;
}
