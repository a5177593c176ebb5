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
  failures: Failure[];
  warnings: Warning[];
  /** The greatest stored `newer_by` that is still not newer than this row, in the hour that a zone repeats. */
  newerLimit?: Value;
}

export const validationModes = ["strict", "lenient"] as const;
/** strict: what fails a check is rejected. lenient: it is kept with a warning. */
export type ValidationMode = (typeof validationModes)[number];
