/** Functions as values: those of the expression, the built-in ones, and calls of both. */
import type { ReferenceFunction, Signature } from "../reference-functions.ts";
import { evaluation, instant, tick } from "./evaluation.ts";
import { handOver } from "./hand-over.ts";
import { Callable, emptySequence, isFunction, sequenceOf, settle } from "./values.ts";

/** A function's body: its values by place, and how deep the call is. */
export type Body = (values: readonly unknown[], depth: number) => unknown;

interface LambdaParts {
  arity: number;
  body: Body;
  signature?: Signature | undefined;
  /** Where it was written: what a missing argument may be taken from when a library function calls it. */
  input?: unknown;
  /** Partly applied: the library cannot call it without a wrapper. */
  partial?: boolean;
}

/** `function(…) { … }`, with what it closes over. */
export class Lambda extends Callable {
  readonly #parts: LambdaParts;
  constructor(parts: LambdaParts) {
    super();
    this.#parts = parts;
  }
  get arity(): number {
    return this.#parts.arity;
  }
  /** How the reference's signatures know a function. */
  get _jsonata_lambda(): boolean {
    return true;
  }
  static parts(lambda: Lambda): LambdaParts {
    return lambda.#parts;
  }
}

/** A call at the end of a function, made by the caller: recursion there needs no depth. */
export class TailCall {
  readonly procedure: () => unknown;
  readonly values: () => unknown[];
  constructor(procedure: () => unknown, values: () => unknown[]) {
    this.procedure = procedure;
    this.values = values;
  }
}

/** What a built-in function is called with as `this`. */
export interface Focus {
  input: unknown;
  depth: number;
  createSequence(...values: unknown[]): unknown[];
  options: { sequence: number };
  environment: { timestamp: Date };
}

/** A function of the library as a value. */
export class Builtin extends Callable {
  readonly #definition: ReferenceFunction;
  constructor(definition: ReferenceFunction) {
    super();
    this.#definition = definition;
  }
  get arity(): number {
    return this.#definition.implementation.length;
  }
  /** How the reference's signatures know a function. */
  get _jsonata_function(): boolean {
    return true;
  }
  static definition(builtin: Builtin): ReferenceFunction {
    return builtin.#definition;
  }
}

function createSequence(...values: unknown[]): unknown[] {
  return values.length === 1 ? sequenceOf(values[0]) : emptySequence();
}

// Dates of which a part is missing are read as of now.
const environment = {
  get timestamp() {
    return new Date(instant());
  },
};

export function focusOf(input: unknown, depth: number): Focus {
  return { input, depth, createSequence, options: { sequence: evaluation.limits.maxSequence }, environment };
}

function within(result: unknown): unknown {
  return Array.isArray(result) && result.length > evaluation.limits.maxSequence ? handOver() : result;
}

/** Calls a function, and those that it ends with. A sequence it gives is as it was made, not settled. */
export function apply(procedure: unknown, values: unknown[], input: unknown, depth: number): unknown {
  let result = applyOnce(procedure, values, input, depth);
  while (result instanceof TailCall) {
    tick();
    const next = result.procedure();
    result = applyOnce(next, result.values(), input, depth);
  }
  return result;
}

function applyOnce(procedure: unknown, values: unknown[], input: unknown, depth: number): unknown {
  if (procedure instanceof Lambda) {
    const { signature, body } = Lambda.parts(procedure);
    return body(signature ? signature.validate(values, input) : values, depth + 1);
  }
  if (procedure instanceof Builtin) {
    const { signature, implementation } = Builtin.definition(procedure);
    const checked = signature ? signature.validate(values, input) : values;
    return within(implementation.apply(focusOf(input, depth), checked));
  }
  if (typeof procedure !== "function") return handOver();
  const result: unknown = Reflect.apply(procedure, input, values);
  return isThenable(result) ? handOver() : result;
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** An argument of a call: a function is handed on in a wrapper that the library can call. */
export function argument(value: unknown, depth: number): unknown {
  if (!isFunction(value)) return value;
  const wrapper: Wrapper = (...values) => apply(value, values, null, depth);
  wrapper.arity = arityOf(value);
  wrapper.wrapped = value;
  wrapper.depth = depth;
  return wrapper;
}

/** What a library function is given in the place of a function. */
export interface Wrapper {
  (...values: unknown[]): unknown;
  arity?: number;
  wrapped?: unknown;
  depth?: number;
}

/** A function that was given, as one of a list of values: a wrapper is no detour. */
export function callerOf(given: unknown, focus: Focus): (values: unknown[]) => unknown {
  if (typeof given !== "function") return (values) => callGiven(given, values, focus);
  const { wrapped, depth } = given as Wrapper;
  if (wrapped !== undefined) return (values) => apply(wrapped, values, null, depth!);
  return (values) => Reflect.apply(given, focus, values) as unknown;
}

/** How many arguments a function takes. */
export function arityOf(value: unknown): number {
  if (value instanceof Callable) return value.arity;
  const { arity, length } = value as { arity?: unknown; length: number };
  return typeof arity === "number" ? arity : length;
}

/** Calls what a library function was given; it cannot call all that is a function. */
export function callGiven(value: unknown, values: unknown[], focus: Focus): unknown {
  if (typeof value === "function") return Reflect.apply(value, focus, values) as unknown;
  if (!(value instanceof Lambda)) return handOver();
  const { partial, input } = Lambda.parts(value);
  return partial ? handOver() : apply(value, values, input, focus.depth);
}

/** Stands for the `?` of a partial application. */
export const OPEN: unique symbol = Symbol("?");

/** `$f(?, 1)` */
export function partial(procedure: unknown, given: readonly unknown[]): Lambda {
  if (procedure instanceof Lambda) {
    const { arity, body, input } = Lambda.parts(procedure);
    return partialOf(arity, given, input, body);
  }
  const native =
    procedure instanceof Builtin ? Builtin.definition(procedure).implementation : (procedure as () => unknown);
  if (typeof native !== "function") return handOver();
  // The reference reads the parameters from the function's text.
  const names = /\(([^)]*)\)/.exec(native.toString())?.[1]?.split(",") ?? [];
  if (!names.every((name) => /^\s*\w+\s*$/.test(name))) return handOver();
  return partialOf(names.length, given, undefined, (values, depth) =>
    within(native.apply(focusOf(undefined, depth), [...values] as [])),
  );
}

function partialOf(arity: number, given: readonly unknown[], input: unknown, body: Body): Lambda {
  const places = Array.from({ length: arity }, (_, place) => place);
  const open = places.filter((place) => given[place] === OPEN);
  return new Lambda({
    arity: open.length,
    input,
    partial: true,
    body: (values, depth) => {
      const whole = places.map((place) => (given[place] === OPEN ? undefined : given[place]));
      for (const [index, place] of open.entries()) whole[place] = values[index];
      return body(whole, depth);
    },
  });
}

/** `a ~> $f`: calls it; `$f ~> $g`: both in one function. */
export function chain(left: unknown, right: unknown, depth: number): unknown {
  if (!isFunction(right)) return handOver();
  if (!isFunction(left)) return apply(right, [left], null, depth);
  return new Lambda({
    arity: 1,
    input: null,
    body: ([value], inner) =>
      new TailCall(
        () => right,
        () => [settle(apply(left, [argument(value, inner + 1)], null, inner + 1))],
      ),
  });
}

/** Refuses calls that nest too deep; `nested` is what the body itself adds at most. */
export function guardDepth(depth: number, nested: number): void {
  tick();
  if (depth + nested > evaluation.limits.maxDepth) handOver();
}
