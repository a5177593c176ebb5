/**
 * The language's own conformance suite, each case through compile(). Its files are shared test data, not part of
 * this repository (see the README beside them); without them the test says so.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile, isJsonataError } from "../../src/jsonata/index.ts";

const suite = new URL("../../../shared/data/jsonata-suite/", import.meta.url);

interface Case {
  expr: string;
  data?: unknown;
  /** Name of a dataset; null: no input. */
  dataset?: string | null;
  bindings?: Record<string, unknown>;
  result?: unknown;
  undefinedResult?: boolean;
  /** Of the error that compiling or evaluating throws. */
  code?: string;
  error?: { code: string; message?: string };
  timelimit?: number;
  depth?: number;
  unordered?: boolean;
}

const datasets = new Map<string, unknown>();

function inputOf({ data, dataset }: Case): unknown {
  if (dataset === undefined || dataset === null) return data;
  if (!datasets.has(dataset))
    datasets.set(dataset, JSON.parse(readFileSync(new URL(`datasets/${dataset}.json`, suite), "utf8")));
  return datasets.get(dataset);
}

function casesOf(group: string): { name: string; given: Case }[] {
  const folder = new URL(`groups/${group}/`, suite);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => {
      const content = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Case | Case[];
      return [content]
        .flat()
        .map((given, index) => ({ name: `${group}/${file}${Array.isArray(content) ? `[${index}]` : ""}`, given }));
    });
}

type Outcome = { value: unknown } | { code: string; message: string };

async function outcomeOf(given: Case): Promise<Outcome> {
  const { expr, bindings, timelimit, depth } = given;
  try {
    const compiled = compile(expr, {
      ...(timelimit ? { timeoutMs: timelimit } : {}),
      ...(depth ? { maxDepth: depth } : {}),
    });
    const value = await compiled.evaluate(inputOf(given), bindings);
    // Lists that JSONata makes carry marks of its own: as JSON they are lists.
    return { value: value === undefined ? undefined : JSON.parse(JSON.stringify(value) ?? "null") };
  } catch (error) {
    if (!isJsonataError(error)) throw error;
    return { code: error.code, message: error.message };
  }
}

/** What the case documents, in the form of an outcome. */
function expectedOf({ result, undefinedResult, code, error, unordered }: Case): unknown {
  // The suite's own guards, from before the evaluator had its: D1011 the stack, D1012 the time.
  if (code === "U1001") return expect.objectContaining({ code: expect.stringMatching(/^D101[12]$/) });
  if (code !== undefined) return expect.objectContaining({ code });
  if (error !== undefined)
    return expect.objectContaining({
      code: error.code,
      ...(error.message === undefined ? {} : { message: error.message }),
    });
  if (undefinedResult) return { value: undefined };
  return { value: unordered ? expect.arrayContaining(result as unknown[]) : result };
}

describe.skipIf(!existsSync(suite))("the JSONata suite", () => {
  const groups = existsSync(suite) ? readdirSync(new URL("groups/", suite)) : [];

  it("is whole", () => {
    expect(groups.flatMap(casesOf)).toHaveLength(928);
  });

  it("runs as compiled code, nearly all of it", async () => {
    const modes = groups.flatMap(casesOf).flatMap(({ given }) => {
      try {
        return [compile(given.expr).mode];
      } catch {
        return [];
      }
    });
    expect(modes).toHaveLength(900);
    expect(modes.filter((mode) => mode === "compiled").length / modes.length).toBeGreaterThanOrEqual(0.95);
  });

  it.each(groups)("%s", async (group) => {
    for (const { name, given } of casesOf(group)) {
      expect(await outcomeOf(given), `${name}: ${given.expr}`).toEqual(expectedOf(given));
    }
  });
});

it.runIf(!existsSync(suite))(`skipped: the JSONata suite is not at ${suite.pathname}`, () => {});
