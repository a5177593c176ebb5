/** Rules: JSONata over the row, once its columns are what they will be. */
import { compile } from "../../jsonata/index.ts";
import { messageOf } from "../../errors.ts";
import type { Pipeline } from "../../spec/types.ts";
import type { Value } from "../../sinks/contract.ts";
import { parseJson } from "../../values/json-text.ts";
import type { Mapped } from "./outcome.ts";

/**
 * Compiles a pipeline's rules: adds a failure or a warning to a mapped row for each that does not hold. In a rule
 * a NULL column is missing, a json column is its value, and a bigint beyond 2^53 or a decimal is text.
 * Undefined where there are none.
 */
export function compileRules(
  spec: Pipeline,
  params: Record<string, unknown>,
): ((mapped: Mapped) => Promise<void>) | undefined {
  if (!spec.rules?.length) return undefined;
  const columns = Object.entries(spec.mapping).map(([name, { type }]) => ({ name, isJson: type === "json" }));
  const rules = spec.rules.map((rule) => ({ ...rule, compiled: compile(`$boolean(${rule.check})`) }));
  return async (mapped) => {
    const row: Record<string, unknown> = {};
    columns.forEach(({ name, isJson }, index) => {
      const value = mapped.row[index] as Value;
      if (value !== null && value !== undefined)
        row[name] = isJson ? parseJson(String(value)) : typeof value === "bigint" ? String(value) : value;
    });
    for (const { name, compiled, message, check, on_fail: onFail } of rules) {
      const problem = { field: "", rule: name, message: message ?? `the rule does not hold: ${check}` };
      try {
        if ((await compiled.evaluate(row, { params })) === true) continue;
      } catch (error) {
        problem.message = `the rule failed: ${messageOf(error)}`;
      }
      if (onFail === "reject") mapped.failures.push({ stage: "rule", ...problem });
      else mapped.warnings.push(problem);
    }
  };
}
