/** The warehouse as commands see it that only look: nothing is created. */
import { openSink } from "../sinks/index.ts";
import type { Sink } from "../sinks/contract.ts";
import { hasState } from "../runtime/state/tables.ts";
import type { Context } from "./context.ts";

/** Runs `look` with the warehouse opened for reading; says so and gives undefined where there is no history yet. */
export async function withHistory<T>(
  { project, mask }: Context,
  look: (sink: Sink) => Promise<T>,
): Promise<T | undefined> {
  const sink = await openSink(project.warehouse, { readOnly: true });
  try {
    if (await hasState(sink)) return await look(sink);
    console.error(mask.mask(`There is no history in ${sink.address} yet: nothing has been run into it.`));
    return undefined;
  } finally {
    await sink.close();
  }
}

/** `hubspot.contacts` or `hubspot` as a filter of the history. */
export function pipelineFilter(name: string | undefined): { system: string; entity?: string } | undefined {
  if (name === undefined) return undefined;
  const [system, entity] = name.split(".", 2) as [string, string?];
  return { system, ...(entity ? { entity } : {}) };
}

/** Timestamps and json columns as text, whichever way the driver gives them. */
export function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
