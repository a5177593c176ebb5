/**
 * What mapping costs, column by column: now and then some records are mapped once more, a column at a time, and thrown
 * away. One function maps all columns of a record, so nothing can be looked at while it works.
 */
import type { StageSeconds } from "../../stage-clock.ts";
import { targetsOf, type TargetSpec } from "../../spec/targets.ts";
import type { Child, Field, Pipeline } from "../../spec/types.ts";
import { compileChild, type ChildSet } from "./children.ts";
import type { Mapped } from "./outcome.ts";
import { compilePreparation, type Prepared } from "./prepare.ts";
import { compileRows, type MappingOptions } from "./rows.ts";
import { compileRules } from "./rules.ts";

/** A column among those that cost most. Keys are those of the history and of `--output json`. */
export interface FieldCost {
  table: string;
  field: string;
  /** For each record that is mapped; of a table of `children`, for all its rows together. */
  microseconds: number;
  /** Of the mapping, validators and rules included: 0 to 1. */
  share: number;
}

export interface MappingCosts {
  /** Of each record that is mapped, in milliseconds. */
  mapping: number;
  /** Validators and rules, as a part of that. */
  validating: number;
  /** Of each record that is read, all that is done with it until it is in its batch, in milliseconds. */
  page: number;
  /** The greatest first. */
  expensive: FieldCost[];
}

/** Something that is done with a record, and how long it took the last times, in milliseconds a record. */
interface Timed<Input = Prepared> {
  act(record: Input): unknown;
  times: number[];
}

interface ColumnCosts {
  field: string;
  whole: Timed;
  /** Without validators; absent where there are none. */
  bare?: Timed;
}

interface TargetCosts {
  table: string;
  whole: Timed;
  /** Absent where there are none. */
  rules?: Timed<readonly Mapped[]>;
  /** Without columns. */
  empty: Timed;
  columns: ColumnCosts[];
}

/** How many fields are told. */
const told = 3;
/** A sample has so many records at the most … */
const sampleRecords = 100;
/** … which are timed so many at a time: the clock itself costs as much as a small field. */
const stepRecords = 10;
/** … and ends after so many milliseconds … */
const sampleMs = 3;
/** … but not before so many steps. */
const leastSteps = 4;
/** The next one comes after so many times as long. */
const pauseFactor = 200;
/** Of so many steps the fastest but a quarter counts: code gets faster, and now and then the machine does something else. */
const remembered = 25;

export class FieldCosts {
  readonly #spec: Pipeline;
  readonly #options: MappingOptions;
  readonly #prepare: ReturnType<typeof compilePreparation>;
  readonly #preparing: number[] = [];
  readonly #pages: number[] = [];
  #targets: TargetCosts[] | undefined;
  #notBefore = 0;

  constructor(spec: Pipeline, options: MappingOptions) {
    this.#spec = spec;
    this.#options = options;
    this.#prepare = compilePreparation(spec, options.params);
  }

  /** Told of each page how many milliseconds the processor worked on it. */
  page(records: number, ms: number): void {
    if (records > 0) keep(this.#pages, ms / records);
  }

  /**
   * Looks at some of the records that were just mapped, if it is time to.
   * @param lastOf gives the last of them, so many at the most. @param slice of their page
   */
  async sample(lastOf: (count: number) => readonly unknown[], slice: unknown): Promise<void> {
    const started = performance.now();
    if (started < this.#notBefore) return;
    const some = lastOf(sampleRecords);
    if (some.length === 0) return;
    if (!this.#targets) {
      this.#targets = this.#compile();
      // Once for nothing: code that has never run tells of the compiler.
      await this.#step(some.slice(0, stepRecords), slice);
      this.#forget();
    }
    for (let step = 0; step < sampleRecords / stepRecords; step++) {
      if (step >= leastSteps && performance.now() - started > sampleMs) break;
      // A few records are taken several times: of one step alone nobody can tell what the machine did meanwhile.
      const from = (step % Math.ceil(some.length / stepRecords)) * stepRecords;
      await this.#step(some.slice(from, from + stepRecords), slice);
    }
    const ended = performance.now();
    this.#notBefore = ended + (ended - started) * pauseFactor;
  }

  /** Undefined where no record was mapped. */
  costs(): MappingCosts | undefined {
    const targets = this.#targets;
    if (!targets) return undefined;
    const all = sumOf([usual(this.#preparing), ...targets.map(({ whole }) => usual(whole.times))]);
    if (all === 0) return undefined;
    const costs = targets.map((target) => costsOf(target));
    const validating = Math.min(all, sumOf(costs.map((each) => each.validating)));
    const expensive = costs
      .flatMap(({ columns }) => columns)
      .toSorted((one, other) => other.ms - one.ms)
      .slice(0, told)
      .map(({ table, field, ms }) => ({
        table,
        field,
        microseconds: rounded(ms * 1000),
        share: rounded(ms / all),
      }));
    return { mapping: all, validating, page: usual(this.#pages), expensive };
  }

  #compile(): TargetCosts[] {
    const { params, skipValidation } = this.#options;
    const bareOptions = { ...this.#options, skipValidation: true };
    return targetsOf(this.#spec).map((target) => {
      const rules = skipValidation ? undefined : compileRules(target, params);
      return {
        table: target.sink.table,
        whole: timed(this.#mapperOf(target)),
        ...(rules ? { rules: timed((mapped: readonly Mapped[]) => Promise.all(mapped.map(rules))) } : {}),
        empty: timed(this.#mapperOf(withColumns(target, {}))),
        columns: Object.entries(target.mapping).map(([name, field]) => {
          const alone = withColumns(target, { [name]: field });
          return {
            field: name,
            whole: timed(this.#mapperOf(alone)),
            ...(field.validate && !skipValidation ? { bare: timed(this.#mapperOf(alone, bareOptions)) } : {}),
          };
        }),
      };
    });
  }

  #mapperOf(target: TargetSpec | Child, options = this.#options): Timed["act"] {
    const { null_values: nullValues } = this.#spec.source;
    return "each" in target
      ? compileChild(target, options, nullValues).expand
      : compileRows(target, options, nullValues).map;
  }

  /** Times all parts side by side with the same records. */
  async #step(records: readonly unknown[], slice: unknown): Promise<void> {
    const ready = async (): Promise<Prepared[]> => {
      const prepared: Prepared[] = [];
      for (const record of records) prepared.push(await this.#prepare(record, slice));
      return prepared;
    };
    const started = performance.now();
    const prepared = await ready();
    keep(this.#preparing, (performance.now() - started) / records.length);
    for (const { whole, rules, empty, columns } of this.#targets!) {
      // A record's copy without nulls is made for whoever asks first: the table pays for it, and none of its columns.
      const made = await time(whole, await ready());
      if (rules) await time(rules, made.map(mappedOf));
      for (const { input } of prepared) void input;
      await time(empty, prepared);
      for (const column of columns) {
        await time(column.whole, prepared);
        if (column.bare) await time(column.bare, prepared);
      }
    }
  }

  #forget(): void {
    this.#preparing.length = 0;
    for (const { whole, rules, empty, columns } of this.#targets!) {
      const parts = [whole, rules, empty, ...columns.flatMap((column) => [column.whole, column.bare])];
      for (const part of parts) if (part) part.times.length = 0;
    }
  }
}

/**
 * The stages, the time of validators and rules taken off that of the mapping.
 * @param mapped which part of the records that were read was mapped: 0 to 1
 */
export function withValidation(stages: StageSeconds, costs: MappingCosts | undefined, mapped: number): StageSeconds {
  if (!costs) return stages;
  // By proportion: the stage includes whatever else the machine did meanwhile. Samples may be of colder code than pages,
  // and then say more than all that a page took.
  const whole = Math.max(costs.page, costs.mapping * mapped);
  const validate = rounded(whole > 0 ? (stages.map * costs.validating * mapped) / whole : 0);
  return { ...stages, map: rounded(stages.map - validate), validate };
}

function timed<Input>(act: Timed<Input>["act"]): Timed<Input> {
  return { act, times: [] };
}

/** Gives what came of it. */
async function time<Input>(part: Timed<Input>, inputs: readonly Input[]): Promise<unknown[]> {
  const made: unknown[] = [];
  const started = performance.now();
  for (const input of inputs) {
    const one = part.act(input);
    made.push(one instanceof Promise ? await one : one);
  }
  keep(part.times, (performance.now() - started) / inputs.length);
  return made;
}

function keep(times: number[], ms: number): void {
  if (times.push(ms) > remembered) times.shift();
}

function usual(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[(times.length - 1) >> 2] ?? 0;
}

/** What a record became that rules look at: a row, or those of its children; a row that failed meets no rule. */
function mappedOf(made: unknown): Mapped[] {
  const all = "children" in (made as ChildSet) ? (made as ChildSet).children.map(({ mapped }) => mapped) : [made];
  return (all as Mapped[]).filter(({ failures }) => failures.length === 0);
}

/** A target with these columns alone, and nothing that looks at others. */
function withColumns<T extends TargetSpec | Child>(target: T, mapping: Record<string, Field>): T {
  const keys = target.upsert.keys.filter((key) => Object.hasOwn(mapping, key));
  const { replace_within: _, newer_by: __, ...upsert } = target.upsert as Child["upsert"];
  return { ...target, mapping, rules: undefined, upsert: { ...upsert, keys } };
}

/** The columns' part of what the table takes as a whole: on their own they may take more. */
function costsOf({ table, whole, rules, empty, columns }: TargetCosts): {
  columns: { table: string; field: string; ms: number }[];
  validating: number;
} {
  const least = usual(empty.times);
  const own = columns.map((column) => {
    const ms = Math.max(0, usual(column.whole.times) - least);
    const checks = column.bare ? Math.max(0, usual(column.whole.times) - usual(column.bare.times)) : 0;
    return { table, field: column.field, ms, checks };
  });
  const ruling = rules ? usual(rules.times) : 0;
  const sum = least + ruling + sumOf(own.map(({ ms }) => ms));
  const scale = sum > 0 ? Math.min(1, usual(whole.times) / sum) : 1;
  return {
    columns: own.map(({ field, ms }) => ({ table, field, ms: ms * scale })),
    validating: scale * (ruling + sumOf(own.map(({ checks }) => checks))),
  };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
