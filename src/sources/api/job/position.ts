/** Where the reading of an export goes on: which job, which of its files, and where in it. */
import type { Position } from "../../contract.ts";

/** `{{job.…}}` of templates: `id`, and what `keep` names. */
export type JobValues = Readonly<Record<string, string | number>>;

export interface JobPlace {
  job: JobValues;
  /** The file that is read, from 0, and how many there are; absent before there are any. */
  file?: { index: number; of: number };
  /** Position inside the file, as its paginator has it. */
  at?: Position;
}

export function jobPosition({ job, file, at }: JobPlace): Position {
  return {
    job: { ...job },
    ...(file ? { file: { ...file } } : {}),
    ...(at === undefined ? {} : { at }),
  };
}

/** Undefined for a position that no job wrote. */
export function readJobPosition(position: Position | undefined): JobPlace | undefined {
  const { job, file, at } = mapOf(position);
  const values = mapOf(job);
  if (!isScalar(values["id"]) || !Object.values(values).every(isScalar)) return undefined;
  const { index, of } = mapOf(file);
  return {
    job: values as JobValues,
    ...(typeof index === "number" && typeof of === "number" ? { file: { index, of } } : {}),
    ...(at === undefined ? {} : { at }),
  };
}

function isScalar(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

function mapOf(value: Position | undefined): { [key: string]: Position } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
