/** All that generated code calls, by the names it uses. */
import { apply, argument, chain, guardDepth, Lambda, OPEN, partial, TailCall } from "./callables.ts";
import { handOver } from "./hand-over.ts";
import { emptyObject, group } from "./group.ts";
import { matcher } from "./matching.ts";
import * as operators from "./operators.ts";
import { orderBy } from "./order.ts";
import { MISS } from "./shortcuts.ts";
import {
  descendants,
  elementAt,
  filter,
  keepList,
  more,
  namesAfter,
  namesEnd,
  namesOver,
  start,
  step,
  wildcard,
} from "./steps.ts";
import { transform } from "./transform.ts";
import { stages, tupleOrder, tupleStep, valuesOf } from "./tuples.ts";
import {
  add,
  addWhole,
  here,
  isFunction,
  isSequence,
  lookup,
  markConstructed,
  sequenceOf,
  settle,
  settleList,
  truth,
} from "./values.ts";

/** A variable that is declared and has no value yet: an outer one of its name may have. */
const UNBOUND: unique symbol = Symbol("unbound");

/** A variable that the caller gives. A function or a promise is the reference's to call and await. */
function given(bindings: Record<string, unknown>, name: string): unknown {
  const value = Object.hasOwn(bindings, name) ? bindings[name] : undefined;
  return isFunction(value) || value instanceof Promise ? handOver() : value;
}

export const runtime = {
  ...operators,
  MISS,
  OPEN,
  UNBOUND,
  Lambda,
  TailCall,
  add,
  addWhole,
  apply,
  argument,
  chain,
  descendants,
  elementAt,
  emptyObject,
  filter,
  given,
  group,
  guardDepth,
  handOver,
  here,
  isArray: Array.isArray,
  isSequence,
  keepList,
  lookup,
  markConstructed,
  matcher,
  more,
  namesAfter,
  namesEnd,
  namesOver,
  orderBy,
  partial,
  sequenceOf,
  settle,
  settleList,
  stages,
  start,
  step,
  transform,
  truth,
  tupleOrder,
  tupleStep,
  valuesOf,
  wildcard,
};
