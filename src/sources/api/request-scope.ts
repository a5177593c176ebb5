import type { Connection } from "../../spec/types.ts";
import type { Scope } from "../../template/index.ts";
import { instantFromDate, isoOf } from "../../values/instant.ts";
import type { SourceContext, Window } from "../contract.ts";
import type { Slice } from "./slices/contract.ts";

/** What the requests of a slice are made from. */
export interface RequestSurroundings {
  context: SourceContext;
  connection: Connection;
  window: Pick<Window, "since" | "until">;
  /** The part of the source that is asked for. */
  slice?: Slice;
  /** `{{job.…}}`, where an export was made. */
  job?: Readonly<Record<string, unknown>>;
}

/** The names of a request's templates, as they stand now; `values` are those that only this request has. */
export function requestScope(
  { context, connection, window, slice, job }: RequestSurroundings,
  values: Readonly<Record<string, unknown>> = {},
): Scope {
  const now = instantFromDate(new Date());
  return {
    values: {
      since: window.since,
      until: window.until,
      now: { text: isoOf(now), instant: now },
      params: context.params,
      vars: connection.vars ?? {},
      ...(slice?.inTemplates ? { slice: slice.inTemplates } : {}),
      ...(job ? { job } : {}),
      ...values,
    },
    mapped: context.mapped,
  };
}

/** Query names of a connection's credentials: what is shown and kept goes without their values. */
export function secretQueryNames({ auth }: Connection): string[] {
  return auth?.type === "query" ? Object.keys(auth.query) : [];
}
