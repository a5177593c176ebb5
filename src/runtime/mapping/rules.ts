/** Rules: JSONata over the row, once its columns are what they will be. */
import { compile } from "../../jsonata/index.ts";
import { messageOf } from "../../errors.ts";
import type { TargetSpec } from "../../spec/targets.ts";
import type { Value } from "../../sinks/contract.ts";
import { parseJson } from "../../values/json-text.ts";
import { ThrownValue } from "./field.ts";
import { addFailure, addWarning, type Mapped } from "./outcome.ts";
import { evaluate } from "./prepare.ts";

/**
 * Compiles a table's rules: adds a failure or a warning to a mapped row for each that does not hold. In a rule
 * a NULL column is missing, a json column is its value, and a bigint beyond 2^53 or a decimal is text.
 * Undefined where there are none. Synchronous where every rule is.
 */
export function compileRules(
  spec: Pick<TargetSpec, "mapping" | "rules">,
  params: Record<string, unknown>,
): ((mapped: Mapped) => Promise<void> | undefined) | undefined {
  if (!spec.rules?.length) return undefined;
  const columns = Object.entries(spec.mapping).map(([name, { type }]) => ({ name, isJson: type === "json" }));
  const rules = spec.rules.map((rule) => ({ ...rule, compiled: compile(`$boolean(${rule.check})`) }));
  const judge = (
    mapped: Mapped,
    { name, message, check, on_fail: onFail }: (typeof rules)[number],
    held: unknown,
  ): void => {
    if (held === true) return;
    const problem = { field: "", rule: name, message: message ?? `the rule does not hold: ${check}` };
    if (held instanceof ThrownValue) problem.message = `the rule failed: ${messageOf(held.error)}`;
    if (onFail === "reject") addFailure(mapped, { stage: "rule", ...problem });
    else addWarning(mapped, problem);
  };
  const judgeFrom = (mapped: Mapped, row: Record<string, unknown>, from: number): Promise<void> | undefined => {
    for (let index = from; index < rules.length; index++) {
      const rule = rules[index]!;
      const held = evaluate(rule.compiled, row, { params });
      if (held instanceof Promise)
        return held.then((settled) => {
          judge(mapped, rule, settled);
          return judgeFrom(mapped, row, index + 1);
        });
      judge(mapped, rule, held);
    }
    return undefined;
  };
  return (mapped) => {
    const row: Record<string, unknown> = {};
    columns.forEach(({ name, isJson }, index) => {
      const value = mapped.row[index] as Value;
      if (value !== null && value !== undefined)
        row[name] = isJson ? parseJson(String(value)) : typeof value === "bigint" ? String(value) : value;
    });
    return judgeFrom(mapped, row, 0);
  };
}
