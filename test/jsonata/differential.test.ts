/**
 * Random expressions on random JSON: what is compiled gives exactly what the reference gives. For a long run:
 * ETL_JSONATA_RUNS=50000 vitest run test/jsonata/differential.test.ts
 */
import fc from "fast-check";
import jsonata from "jsonata";
import { expect, it } from "vitest";
import { compile, isJsonataError } from "../../src/jsonata/index.ts";
import { some, type Node } from "../../src/jsonata/generate/nodes.ts";
import { translate, type Evaluate } from "../../src/jsonata/translate.ts";
import { documents, expressions } from "./random-expressions.ts";
import { shapedDocuments, shapedExpressions } from "./shaped-expressions.ts";

const runs = Number(process.env["ETL_JSONATA_RUNS"] ?? 3_000);
const seed = process.env["ETL_JSONATA_SEED"];
const limits = { timeoutMs: 2_000, maxDepth: 200, maxSequence: 2_000 };

type Outcome = { value: string | undefined } | { code: string; position: unknown; token: unknown } | { thrown: string };

function valueOf(value: unknown): Outcome {
  // Functions have no JSON: which one it is cannot be told.
  return { value: JSON.stringify(value, (_, part: unknown) => (isCallable(part) ? "(function)" : part)) };
}

function isCallable(value: unknown): boolean {
  if (typeof value === "function") return true;
  const marks = value as { _jsonata_lambda?: boolean; _jsonata_function?: boolean } | null | undefined;
  return typeof marks === "object" && (marks?._jsonata_lambda === true || marks?._jsonata_function === true);
}

function errorOf(error: unknown): Outcome {
  if (!isJsonataError(error)) return { thrown: String(error) };
  return { code: error.code, position: error.position, token: error.token };
}

async function outcomeOf(evaluate: () => unknown): Promise<Outcome> {
  try {
    return valueOf(await evaluate());
  } catch (error) {
    return errorOf(error);
  }
}

/** Whether the compiled code gave a value of its own, or asked for the reference. */
function alone(run: Evaluate, input: unknown, bindings: Record<string, unknown>): Outcome | undefined {
  try {
    return valueOf(run(input, bindings));
  } catch {
    return undefined;
  }
}

const bindings = (): Record<string, unknown> => ({ params: { a: [1, "a"], b: { a: 2 }, k: 2, s: "b" } });

it.each([
  ["of the whole grammar", runs, expressions, documents, 0.25],
  // They are long.
  ["that suit their data", Math.ceil(runs / 4), shapedExpressions, shapedDocuments, 0.5],
] as const)(
  "random expressions %s give what the reference gives (%i runs)",
  { timeout: runs * 20 + 20_000 },
  async (_, numRuns, anyExpression, anyDocument, valued) => {
    const counts = { values: 0, errors: 0, handedOver: 0, compiled: 0, valid: 0 };
    const property = fc.asyncProperty(anyExpression, anyDocument, async (expression, document) => {
      const reference = parsed(expression);
      // The reference never ends where a pattern on the left of ?: or ?? matches: see engine/matching.ts.
      if (!reference || some(reference.ast() as Node, isDamagedPattern)) return;
      counts.valid++;
      let expected = await outcomeOf(() => reference.evaluate(structuredClone(document), bindings()));
      // The reference keeps in its functions where they were last called from: an error's second position counts.
      if (!("value" in expected))
        expected = await outcomeOf(() => reference.evaluate(structuredClone(document), bindings()));
      const compiled = compile(expression, limits);
      expect(await outcomeOf(() => compiled.evaluate(structuredClone(document), bindings()))).toEqual(expected);
      const run = translate(reference.ast(), limits);
      if (!run) return;
      counts.compiled++;
      const own = alone(run, structuredClone(document), bindings());
      if (!("value" in expected)) {
        counts.errors++;
        expect(own, "an error of the reference is no value here").toBeUndefined();
      } else if (own === undefined) counts.handedOver += expected.value === '"(function)"' ? 0 : 1;
      else counts.values++;
    });
    await fc.assert(property, { numRuns, seed: Number(seed ?? 20_260_101) });
    if (runs > 3_000) process.stdout.write(`${JSON.stringify(counts)}\n`);
    // What the reference can do and compiled code cannot is right, and slow: it stays rare.
    expect(counts.handedOver).toBeLessThan(counts.values / 50);
    expect(counts.values).toBeGreaterThan(counts.valid * valued);
  },
);

function isDamagedPattern({ type, value }: Node): boolean {
  return type === "regex" && !(value instanceof RegExp);
}

/** The reference's own; undefined for what is no expression. */
function parsed(expression: string): jsonata.Expression | undefined {
  try {
    return jsonata(expression, { timeout: limits.timeoutMs, stack: limits.maxDepth, sequence: limits.maxSequence });
  } catch {
    return undefined;
  }
}
