/** What the runner knows of a workload. */
import type { Column, Job, Source, Step } from "../contract.ts";
import type { Expected } from "../equal-work.ts";
import type { WorkloadId } from "../options.ts";

export interface Workload {
  workload: Job["workload"];
  /** Its steps in their order, each with the workload that it counts for. */
  cases: { first: WorkloadId } & Partial<Record<Step, WorkloadId>>;
  title: string;
  /** The key comes first. */
  columns: readonly Column[];
  /** How many records, unless somebody asks for others. */
  rows: number;
  /** Makes its records ready for one peer's round. */
  open(rows: number): Promise<OpenWorkload>;
}

export interface OpenWorkload {
  source: Source;
  /** Before a step's process starts: what changes in the source. */
  before(step: Step): Promise<void>;
  /** Where the rows are that a target must hold after a step. */
  expected(step: Step): Promise<Expected>;
  close(): Promise<void>;
}
