/** How a sandbox is started. */
import type { IdOrder } from "./object-id.ts";
import { usualTypeIds } from "./object-types.ts";
import type { CustomTypeIds } from "./object-types.ts";
import { documentedLimits } from "./rate-limit.ts";
import type { RateLimits } from "./rate-limit.ts";
import { grantsFrom } from "./scopes.ts";
import type { Grants } from "./scopes.ts";

export interface HubspotSandboxOptions {
  /** 0, the default, takes any that is free. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** How many contacts; default 1,000. */
  records?: number;
  /** How many deals; default a third of the contacts. */
  deals?: number;
  /** How many appointments; default a quarter of the contacts. */
  appointments?: number;
  /** How many divisions, a custom object; default 12. */
  divisions?: number;
  /** How many genius users, a custom object; default 40. */
  geniusUsers?: number;
  /** How many owners; default 10. Every tenth is archived. */
  owners?: number;
  /** The type ids of the custom objects; default 2-37778609 for divisions and 2-42119425 for genius users. */
  typeIds?: Partial<CustomTypeIds>;
  /** The same seed and counts give the same records; default 1. */
  seed?: number;
  /** The Bearer token that is accepted; default `sandbox-token`. */
  token?: string;
  /** What the token may do; default everything. By token, there are several, `token` among them or not. */
  scopes?: readonly string[] | Readonly<Record<string, readonly string[]>>;
  /** Default: HubSpot's documented ones. Some of them, or false for none. */
  limits?: false | Partial<RateLimits>;
  /** How search compares `hs_object_id`, in filters and in sorts; default `number`. */
  idsCompareAs?: IdOrder;
  /** How far search is behind what was written; default 0. Lists and reads are never behind. */
  indexLagMs?: number;
  /** How many contacts share one last-modified instant; default 0, and 12,000 from 30,000 contacts on. */
  oneTimestamp?: number;
  /** How many deals one contact has; default 1,500 where there are twice as many, else a tenth of them. */
  busyContactDeals?: number;
  /** How many associations of one record a page has at most; default 500. */
  associationsPageSize?: number;
  /** Whether records that are associated or no longer so are changed as of now; default true. */
  touchOnAssociate?: boolean;
  /**
   * What two merged records become: the primary one, as before 2025 and by default here, or a new one with a new id.
   * Source: the changelog entry "updated merge functionality for contacts and companies".
   */
  mergesInto?: "primary" | "new record";
  /** At the start so many contacts are changed as of now, the same ones for the same seed; default 0. A third as many deals and a quarter as many appointments. */
  touched?: number;
  /** At the start so many contacts are created as of now; default 0. Deals and appointments as above. */
  created?: number;
  /** At the start so many contacts are archived; default 0. Deals and appointments as above. */
  archived?: number;
  /** The clock that changes are stamped with and that the `Date` header tells. */
  now?: () => Date;
}

export interface SandboxSettings extends Required<Omit<HubspotSandboxOptions, "limits" | "scopes" | "typeIds">> {
  limits: RateLimits | undefined;
  grants: Grants;
  typeIds: CustomTypeIds;
}

const counts = [
  "port",
  "records",
  "deals",
  "appointments",
  "divisions",
  "geniusUsers",
  "owners",
  "seed",
  "indexLagMs",
  "oneTimestamp",
  "busyContactDeals",
  "touched",
  "created",
  "archived",
] as const;

/** Fills what is missing. Throws RangeError for counts that make no sense. */
export function settingsFrom(options: HubspotSandboxOptions): SandboxSettings {
  const records = options.records ?? 1_000;
  const deals = options.deals ?? Math.floor(records / 3);
  const token = options.token ?? "sandbox-token";
  const settings = {
    port: options.port ?? 0,
    host: options.host ?? "127.0.0.1",
    records,
    deals,
    appointments: options.appointments ?? Math.floor(records / 4),
    divisions: options.divisions ?? 12,
    geniusUsers: options.geniusUsers ?? 40,
    owners: options.owners ?? 10,
    typeIds: { ...usualTypeIds, ...options.typeIds },
    seed: options.seed ?? 1,
    token,
    grants: grantsFrom(token, options.scopes),
    limits: options.limits === false ? undefined : { ...documentedLimits, ...options.limits },
    idsCompareAs: options.idsCompareAs ?? "number",
    indexLagMs: options.indexLagMs ?? 0,
    oneTimestamp: options.oneTimestamp ?? (records >= 30_000 ? 12_000 : 0),
    busyContactDeals: options.busyContactDeals ?? (deals >= 3_000 ? 1_500 : Math.floor(deals / 10)),
    associationsPageSize: options.associationsPageSize ?? 500,
    touchOnAssociate: options.touchOnAssociate ?? true,
    mergesInto: options.mergesInto ?? "primary",
    touched: options.touched ?? 0,
    created: options.created ?? 0,
    archived: options.archived ?? 0,
    now: options.now ?? (() => new Date()),
  };
  for (const name of counts) {
    if (!Number.isSafeInteger(settings[name]) || settings[name] < 0)
      throw new RangeError(`${name} must be a whole number from 0 on, but is ${settings[name]}`);
  }
  if (!Number.isSafeInteger(settings.associationsPageSize) || settings.associationsPageSize < 1)
    throw new RangeError(
      `associationsPageSize must be a whole number from 1 on, but is ${settings.associationsPageSize}`,
    );
  if (settings.busyContactDeals > deals)
    throw new RangeError(`busyContactDeals is ${settings.busyContactDeals}, but there are ${deals} deals`);
  return settings;
}
