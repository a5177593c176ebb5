/** Which tokens there are and what each may do. */
import { ApiError } from "./api-error.ts";

/** By token: the scopes that it has; undefined for all of them. */
export type Grants = ReadonlyMap<string, ReadonlySet<string> | undefined>;

/** @param scopes those of the one token, or those of several by token; without them the one token may do everything. */
export function grantsFrom(
  token: string,
  scopes: readonly string[] | Readonly<Record<string, readonly string[]>> | undefined,
): Grants {
  if (scopes === undefined) return new Map([[token, undefined]]);
  if (isList(scopes)) return new Map([[token, new Set(scopes)]]);
  const listed = Object.entries(scopes).map(([name, granted]) => [name, new Set(granted)] as const);
  return new Map([[token, undefined] as const, ...listed]);
}

function isList(scopes: object): scopes is readonly string[] {
  return Array.isArray(scopes);
}

/** Throws ApiError (403) naming the scopes that are missing. */
export function checkScopes(granted: ReadonlySet<string> | undefined, required: readonly string[]): void {
  const missing = granted ? required.filter((scope) => !granted.has(scope)) : [];
  if (missing.length === 0) return;
  throw new ApiError(
    403,
    "MISSING_SCOPES",
    "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.",
    {
      errors: [
        {
          message: "One or more of the following scopes are required.",
          context: { requiredGranularScopes: missing },
        },
      ],
      links: { scopes: "https://developers.hubspot.com/scopes" },
    },
  );
}
