/** The registry of sinks: one line a kind. */
import { SpecError } from "../errors.ts";
import type { Sink, SinkKind } from "./contract.ts";
import { postgres } from "./postgres.ts";
import { sqlite } from "./sqlite.ts";

export const sinkKinds: Record<string, SinkKind> = {
  "sqlite:FILE": sqlite,
  "postgres://user@host/database": postgres,
};

/**
 * Opens the sink of an address, which says its kind: `sqlite:FILE`, `postgres://…`.
 * @param options.readOnly nothing is created or changed, not even the file.
 * @throws SpecError for an address that no kind accepts; FatalError when the database cannot be reached.
 */
export async function openSink(address: string, options: { readOnly: boolean }): Promise<Sink> {
  const kind = Object.values(sinkKinds).find((candidate) => candidate.accepts(address));
  if (kind) return kind.open(address, options);
  // The address may hold a password: of an unknown one only the part before the colon is told.
  const scheme = /^[a-z][\w+.-]*:/i.exec(address)?.[0] ?? "an address without a scheme";
  throw new SpecError(`no sink takes ${scheme} Known are ${Object.keys(sinkKinds).join(" and ")}.`);
}
