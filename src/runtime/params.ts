/** Parameters of a pipeline: typed values, and what they mean for its watermark. */
import { SpecError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import type { Param, Pipeline } from "../spec/types.ts";

export interface ResolvedParams {
  values: Record<string, unknown>;
  /** `account=1` for params that keep a watermark each; empty where there are none. */
  scope: string;
  /** Names of params whose value makes the run read less than the whole: it stores no watermark. */
  narrowing: string[];
}

/**
 * Types the params of a run: the command line before the environment before the default. Throws SpecError for an
 * unknown name, a missing required one, or a value that is not of its type.
 */
export function resolveParams(
  spec: Pipeline,
  given: Record<string, string>,
  environment: Record<string, string | undefined>,
): ResolvedParams {
  const declared = spec.params ?? {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declared, name))
      throw new SpecError(
        `${spec.pipeline} has no param "${name}".${didYouMean(name, Object.keys(declared)) || (Object.keys(declared).length ? ` It has: ${Object.keys(declared).join(", ")}.` : "")}`,
      );
  }
  const values: Record<string, unknown> = {};
  const scope: string[] = [];
  const narrowing: string[] = [];
  for (const [name, param] of Object.entries(declared)) {
    const text = given[name] ?? (param.env ? environment[param.env] || undefined : undefined);
    const value = text === undefined ? param.default : typed(spec, name, param, text);
    if (value === undefined) {
      if (param.required)
        throw new SpecError(
          `${spec.pipeline} needs --param ${name}=…${param.env ? ` or the environment variable ${param.env}` : ""}${param.description ? ` (${param.description})` : ""}`,
        );
      continue;
    }
    values[name] = value;
    if (param.scope) scope.push(`${name}=${String(value)}`);
    // A required param has no default to differ from: what it names is the whole.
    else if (param.narrows && value !== param.default && !param.required) narrowing.push(name);
  }
  return { values, scope: scope.join("&"), narrowing };
}

function typed(spec: Pipeline, name: string, param: Param, text: string): unknown {
  const refuse = (wanted: string): never => {
    throw new SpecError(`${spec.pipeline}: param ${name} must be ${wanted}, not ${JSON.stringify(text)}`);
  };
  switch (param.type) {
    case "integer":
      return /^-?\d{1,15}$/.test(text) ? Number(text) : refuse("a whole number");
    case "boolean":
      return /^(true|yes|1)$/i.test(text) ? true : /^(false|no|0)$/i.test(text) ? false : refuse("true or false");
    case "date":
      return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : refuse("a date, YYYY-MM-DD");
    default:
      return text;
  }
}
