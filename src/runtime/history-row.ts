/** What a run writes of itself into the history before its first request. */
import type { Source } from "../spec/types.ts";
import type { AttemptInput } from "./attempt.ts";

/** What a run was asked. A param may have been given a secret. */
export function configurationOf(input: AttemptInput): Record<string, unknown> {
  const { flags, engine, pipeline, params, resumed } = input;
  const masked = (value: unknown): unknown => (typeof value === "string" ? engine.mask(value) : value);
  return {
    flags: { ...flags, params: undefined },
    params: Object.fromEntries(Object.entries(params.values).map(([name, value]) => [name, masked(value)])),
    environment: engine.environmentName,
    validation: engine.validation,
    spec_hash: pipeline.hash,
    ...(resumed ? { resumed_from: resumed.fromRun } : {}),
  };
}

/** What the history says was read: a path, a file, a table. */
export function endpointOf(source: Source): string | undefined {
  switch (source.type) {
    case "api": {
      const { path, url } = source.job?.create ?? source.request ?? {};
      return path ?? url;
    }
    case "csv":
      return source.path ?? source.url;
    case "database":
      return source.table ?? "query";
  }
}
