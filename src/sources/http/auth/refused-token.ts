/** `refresh_on`: whether an answer means that the token is no longer good. */
import { FatalError, messageOf, SpecError } from "../../../errors.ts";
import { compile, referencesOf } from "../../../jsonata/index.ts";
import type { Authoriser } from "./contract.ts";

/** Compiles the rule. A body is read as JSON only where the rule looks at it. Throws SpecError for bad syntax. */
export function compileRefreshOn(expression: string): Authoriser["refuses"] {
  if (expression === "$status = 401") return async ({ status }) => status === 401;
  try {
    // JSONata's own cast, as `when` of a response rule has it.
    const compiled = compile(`$boolean(${expression})`);
    const { paths, wildcards } = referencesOf(expression);
    const looksAtBody = paths.length > 0 || wildcards.length > 0;
    return async ({ status, headers, text }) => {
      const body = looksAtBody && text !== undefined ? parsed(text) : undefined;
      try {
        return (await compiled.evaluate(body, { status, headers })) === true;
      } catch (cause) {
        throw new FatalError(`auth.refresh_on (${expression}) failed: ${messageOf(cause)}`, { cause });
      }
    };
  } catch (cause) {
    throw new SpecError(`auth.refresh_on (${expression}): ${messageOf(cause)}`, { cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
