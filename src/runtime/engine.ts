/** What a run is handed: the pipeline, what was asked, and ways to open sources and sinks. */
import type { Logger } from "pino";
import type { SourceKind } from "../sources/contract.ts";
import type { Sink } from "../sinks/contract.ts";
import type { LoadedPipeline } from "../spec/load.ts";
import type { RunFlags } from "./flags.ts";
import type { MappingOptions, ValidationMode } from "./mapping/index.ts";

export interface Progress {
  pipeline: string;
  fetched: number;
  /** How many there will be, where the source tells. */
  expected?: number;
}

export interface Engine {
  sourceKind(type: string): Promise<SourceKind>;
  openSink(address: string, options: { readOnly: boolean }): Promise<Sink>;
  /** The table that another pipeline of the project fills with its records; undefined where there is none. */
  tableOf?(pipeline: string): string | undefined;
  /** Address of the warehouse. */
  warehouse: string;
  environmentName: string;
  validation: ValidationMode;
  /** Of the process: for params with `env`. */
  variables: Record<string, string | undefined>;
  log: Logger;
  /** Takes secrets out of a text. */
  mask(text: string): string;
  /** Takes those out of a JSON document's texts that are too long to be anything else. */
  maskData?(json: string): string;
  /** Says that a value is secret: from then on `mask` takes it out. */
  secret?(value: string): void;
  /** Aborted when the user wants to stop: the batch in hand is finished. */
  signal: AbortSignal;
  onProgress?(progress: Progress): void;
  /** The clock; the system's if absent. */
  now?(): Date;
}

/** What time it is for a run. */
export function timeOf({ now }: Pick<Engine, "now">): Date {
  return now?.() ?? new Date();
}

/** How a run maps. */
export function mappingOptions({
  engine,
  flags,
  params,
}: Pick<RunInput, "engine" | "flags"> & { params: { values: Record<string, unknown> } }): MappingOptions {
  return { validation: engine.validation, skipValidation: flags.skipValidation, params: params.values };
}

export interface RunInput {
  pipeline: LoadedPipeline;
  flags: RunFlags;
  engine: Engine;
}
