/** What becomes of a record: a row with warnings, or the reasons why it cannot be one. */
import type { Value } from "../../sinks/contract.ts";

/** Where in its way a record failed. */
export type Stage = "source" | "map" | "coerce" | "required" | "validate" | "rule" | "write";

export interface Failure {
  stage: Stage;
  /** The column; empty where the record as a whole is meant. */
  field: string;
  rule: string;
  message: string;
  /** The value that failed, for the log; undefined where there is none or it is sensitive. */
  value?: unknown;
}

export interface Warning {
  /** Where it is not a check of the value that failed: `coerce`, `map`. */
  stage?: Stage;
  field: string;
  rule: string;
  message: string;
  value?: unknown;
}

export interface Mapped {
  /** In the order of the mapping's columns; null values where a column failed. */
  row: Value[];
  /** Not empty: the record is rejected. */
  failures: readonly Failure[];
  warnings: readonly Warning[];
  /** The greatest stored `newer_by` that is still not newer than this row, in the hour that a zone repeats. */
  newerLimit?: Value;
}

/** What most records have: one list for all of them. */
const none: readonly never[] = Object.freeze([]);

/** A record of which nothing bad is known yet, and no value either. */
export function startMapped(): Mapped {
  return { row: none as unknown as Value[], failures: none, warnings: none, newerLimit: undefined };
}

/** Adds a reason to reject the record. */
export function addFailure(mapped: Mapped, failure: Failure): void {
  if (mapped.failures === none) mapped.failures = [failure];
  else (mapped.failures as Failure[]).push(failure);
}

/** Adds what is to be told of a record that is kept. */
export function addWarning(mapped: Mapped, warning: Warning): void {
  if (mapped.warnings === none) mapped.warnings = [warning];
  else (mapped.warnings as Warning[]).push(warning);
}

export const validationModes = ["strict", "lenient"] as const;
/** strict: what fails a check is rejected. lenient: it is kept with a warning. */
export type ValidationMode = (typeof validationModes)[number];
