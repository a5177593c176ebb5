/** `depends_on`: pipelines that are there, and no circles. */
import { didYouMean } from "../suggest.ts";
import type { LoadResult } from "./load.ts";
import type { Problem } from "./problem.ts";

/**
 * Checks what the loaded pipelines depend on.
 * @param known names of all pipelines of the project, the loaded ones included.
 */
export function checkDependencies(results: readonly LoadResult[], known: ReadonlySet<string>): Problem[] {
  const byName = new Map(
    results.flatMap((result) => (result.name === undefined ? [] : [[result.name, result] as const])),
  );
  const problems: Problem[] = [];
  for (const { name, document } of byName.values()) {
    const before = document.problems.length;
    dependenciesOf(document.data).forEach((dependency, index) => {
      const path = ["depends_on", index];
      if (!known.has(dependency)) {
        document.add(
          path,
          "E420",
          `there is no pipeline "${dependency}" to depend on.${didYouMean(dependency, known)}`,
        );
      } else if (name !== undefined && reaches(dependency, name, byName)) {
        document.add(
          path,
          "E421",
          `"${name}" depends on "${dependency}", which depends on it in turn: neither could run first. Take one of the two away`,
        );
      }
    });
    problems.push(...document.problems.slice(before));
  }
  return problems;
}

function dependenciesOf(data: unknown): string[] {
  const list = (data as { depends_on?: unknown } | null | undefined)?.depends_on;
  return Array.isArray(list) ? list.map(String) : [];
}

/** True when following `depends_on` from one pipeline comes to another, or when they are the same. */
function reaches(from: string, to: string, byName: ReadonlyMap<string, LoadResult>, seen = new Set<string>()): boolean {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return dependenciesOf(byName.get(from)?.document.data).some((next) => reaches(next, to, byName, seen));
}
