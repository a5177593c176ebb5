/** Paths that bind variables on their way: `@`, `#` and what `%` needs. Their steps give tuples. */
import { tick } from "./evaluation.ts";
import { handOver } from "./hand-over.ts";
import { orderBy, type Term } from "./order.ts";
import { elementAt, filter, type Over, type Tuple } from "./steps.ts";
import { emptySequence, push, type Sequence } from "./values.ts";

/** A filter or a place after a step. */
export type TupleStage =
  | { kind: "filter"; evaluate: Over }
  | { kind: "place"; place: number }
  | { kind: "index"; name: string };

export interface TupleStep {
  evaluate: Over;
  focus?: string;
  index?: string;
  /** The variable that stands for the parent. */
  ancestor?: string;
  stages?: readonly TupleStage[];
}

export function tupleStep(input: unknown, tuples: Sequence | undefined, step: TupleStep): Sequence {
  let result = emptySequence();
  result.tupleStream = true;
  for (const tuple of (tuples ?? tuplesOf(input)) as Tuple[]) {
    tick();
    const value = step.evaluate(tuple["@"], tuple);
    if (value === undefined) continue;
    const values: Sequence = Array.isArray(value) ? value : [value];
    for (let place = 0; place < values.length; place++) push(result, tupleBelow({ tuple, values, place, step }));
  }
  if (step.stages) result = stages(result, step.stages) as Sequence;
  return result;
}

function tuplesOf(input: unknown): Sequence {
  if (!Array.isArray(input)) return handOver();
  return input.map(tupleOf);
}

function tupleOf(value: unknown): Tuple {
  const tuple = Object.create(null) as Tuple;
  tuple["@"] = value;
  return tuple;
}

interface Below {
  tuple: Tuple;
  values: Sequence;
  place: number;
  step: TupleStep;
}

function tupleBelow({ tuple, values, place, step }: Below): Tuple {
  const below = Object.assign(Object.create(null) as Tuple, tuple);
  if (values.tupleStream) return Object.assign(below, values[place]);
  if (step.focus === undefined) below["@"] = values[place];
  else below[step.focus] = values[place];
  if (step.index !== undefined) below[step.index] = place;
  if (step.ancestor !== undefined) below[step.ancestor] = tuple["@"];
  return below;
}

/** An order-by among such steps. */
export function tupleOrder(
  input: unknown[],
  tuples: Sequence | undefined,
  { terms, index, stages: after }: { terms: readonly Term[]; index?: string; stages?: readonly TupleStage[] },
): Sequence {
  let result: Sequence;
  if (tuples) result = orderBy(tuples, terms) as Sequence;
  else {
    result = emptySequence();
    result.tupleStream = true;
    for (const [place, value] of orderBy(input, terms).entries()) {
      const tuple = tupleOf(value);
      tuple[String(index)] = place;
      push(result, tuple);
    }
  }
  return after ? (stages(result, after) as Sequence) : result;
}

export function stages(input: unknown, after: readonly TupleStage[]): unknown {
  let result = input;
  for (const stage of after) {
    if (stage.kind === "filter") result = filter(result, stage.evaluate);
    else if (stage.kind === "place") result = elementAt(result, stage.place);
    else for (const [place, tuple] of (result as Tuple[]).entries()) tuple[stage.name] = place;
  }
  return result;
}

/** What the tuples of a path lead to. */
export function valuesOf(tuples: Sequence): Sequence {
  const values = emptySequence();
  for (const tuple of tuples as Tuple[]) push(values, tuple["@"]);
  return values;
}
