/** Which parents a run asks for: those that changed since the last one, or all of them. */
import { parentSlices } from "../spec/parent-slices.ts";
import type { Pipeline } from "../spec/types.ts";
import { parseDuration, shiftInstant } from "../values/instant.ts";
import type { RunFlags } from "./flags.ts";

/** What the history keeps of a run that asked for its parents to the end. */
export interface NotedPass {
  /** Canonical instant of its start: what changed later is for the next run. */
  since: string;
  /** Start of the last run that asked for all of them. */
  full: string;
  spec_hash: string;
}

export interface ParentPass {
  /** Canonical instant; absent: all parents. */
  since?: string;
  /** What was noted before. */
  noted?: NotedPass;
  /** Why all are asked for although an earlier run did. */
  why?: string;
}

export interface PassInput {
  spec: Pipeline;
  hash: string;
  flags: Pick<RunFlags, "full" | "force" | "startDate">;
  noted: NotedPass | undefined;
  /** Canonical instant of the run's start. */
  now: string;
}

/** Undefined for a pipeline that asks for no parents. */
export function choosePass({ spec, hash, flags, noted, now }: PassInput): ParentPass | undefined {
  const slices = parentSlices(spec.source);
  if (!slices) return undefined;
  const kept = noted ? { noted } : {};
  if (flags.startDate !== undefined) return { ...kept, since: flags.startDate };
  if (flags.full || flags.force || !slices.changed || !noted) return kept;
  if (noted.spec_hash !== hash) return { ...kept, why: "the spec has changed since the last run" };
  const { full_every: every } = slices;
  if (every !== undefined && shiftInstant(noted.full, parseDuration(every)) <= now)
    return { ...kept, why: `the last run that asked for all of them is more than ${every} ago` };
  return { ...kept, since: shiftInstant(noted.since, -parseDuration(slices.overlap ?? "15m")) };
}

/**
 * What a run leaves to the next one; undefined where not all have been asked for yet. One that asked for a part of them
 * leaves it to the next to ask for all, where the spec had changed.
 * @param start canonical instant of its first attempt's start.
 */
export function noteOf({ since, noted }: ParentPass, start: string, hash: string): NotedPass | undefined {
  if (since === undefined) return { since: start, full: start, spec_hash: hash };
  return noted && { ...noted, since: start };
}
