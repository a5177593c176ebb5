/** What the command line asks of a run, checked and typed. */
import { SpecError } from "../errors.ts";
import { compileTimestampParser } from "../values/instant.ts";

export interface RunFlags {
  full: boolean;
  force: boolean;
  /** Canonical instants. */
  startDate?: string;
  endDate?: string;
  dryRun: boolean;
  /** Page size asked of the source. */
  batchSize?: number;
  /** Pages of a slice that may be asked for side by side: `--concurrent-pages`, `--high-performance`. */
  concurrentPages?: number | "concurrency";
  /** 0: unlimited. */
  maxRecords: number;
  skipValidation: boolean;
  /** How many rows may be deleted where `deletes.max` allows fewer. */
  allowDeletes?: number;
  debug: boolean;
  /** As given: `--param name=value`. */
  params: Record<string, string>;
}

export const noFlags: RunFlags = {
  full: false,
  force: false,
  dryRun: false,
  maxRecords: 0,
  skipValidation: false,
  debug: false,
  params: {},
};

/** `YYYY-MM-DD` (midnight UTC), or ISO 8601 with a zone, as a canonical instant. Throws SpecError for anything else. */
export function parseDateFlag(flag: string, text: string): string {
  try {
    const parsed = compileTimestampParser({ formats: "iso" })(text.trim());
    if (parsed && (!parsed.zoneless || /^\d{4}-\d{2}-\d{2}$/.test(text.trim()))) return parsed.instant;
  } catch {
    // Said below, with what is wanted.
  }
  throw new SpecError(
    `${flag} ${JSON.stringify(text)} is not a date: write YYYY-MM-DD (midnight UTC), or ISO 8601 with a zone such as 2025-01-31T12:00:00Z`,
  );
}
