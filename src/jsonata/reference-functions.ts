/**
 * The reference evaluator's own functions. It offers them to whoever watches an evaluation: the hook
 * `jsonata.__evaluate_entry` is called at once, with the environment in which every function is found by its name.
 */
import jsonata from "jsonata";
import { functionNames } from "./functions.ts";

/** Checks a call's arguments, fills a missing one from the context, makes a list of what must be one. Throws. */
export interface Signature {
  validate(values: unknown[], context: unknown): unknown[];
}

export interface ReferenceFunction {
  implementation(this: unknown, ...values: unknown[]): unknown;
  signature?: Signature;
}

let captured: Readonly<Record<string, ReferenceFunction>> | undefined;

/** Every built-in function by its name. Those that call functions or match texts answer with promises. */
export function referenceFunctions(): Readonly<Record<string, ReferenceFunction>> {
  return (captured ??= capture());
}

function capture(): Record<string, ReferenceFunction> {
  const found: Record<string, ReferenceFunction> = Object.create(null) as Record<string, ReferenceFunction>;
  const expression = jsonata("null") as unknown as {
    assign(name: symbol, value: unknown): void;
    evaluate(input: unknown): Promise<unknown>;
  };
  expression.assign(
    Symbol.for("jsonata.__evaluate_entry"),
    (_node: unknown, _input: unknown, environment: { lookup(name: string): ReferenceFunction }) => {
      for (const name of functionNames) found[name] = environment.lookup(name);
    },
  );
  void expression.evaluate(undefined);
  return found;
}

/** A signature in the language's own notation (https://docs.jsonata.org/programming#function-signatures). */
export function parseSignature(parameters: string, signature: string): Signature {
  const node = jsonata(`function(${parameters})${signature}{0}`).ast() as unknown as { signature: Signature };
  return node.signature;
}
