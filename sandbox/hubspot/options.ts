/** How a sandbox is started. */
import type { IdOrder } from "./object-id.ts";
import { documentedLimits } from "./rate-limit.ts";
import type { RateLimits } from "./rate-limit.ts";

export interface HubspotSandboxOptions {
  /** 0, the default, takes any that is free. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** How many contacts; default 1,000. */
  records?: number;
  /** How many deals; default a third of the contacts. */
  deals?: number;
  /** The same seed and counts give the same records; default 1. */
  seed?: number;
  /** The Bearer token that is accepted; default `sandbox-token`. */
  token?: string;
  /** Default: HubSpot's documented ones. Some of them, or false for none. */
  limits?: false | Partial<RateLimits>;
  /** How search compares `hs_object_id`, in filters and in sorts; default `number`. */
  idsCompareAs?: IdOrder;
  /** How far search is behind what was written; default 0. Lists and reads are never behind. */
  indexLagMs?: number;
  /** How many contacts share one last-modified instant; default 0, and 12,000 from 30,000 contacts on. */
  oneTimestamp?: number;
  /** At the start so many contacts are changed as of now, the same ones for the same seed; default 0. A third as many deals. */
  touched?: number;
  /** At the start so many contacts are created as of now; default 0. A third as many deals. */
  created?: number;
  /** The clock that changes are stamped with and that the `Date` header tells. */
  now?: () => Date;
}

export interface SandboxSettings extends Required<Omit<HubspotSandboxOptions, "limits">> {
  limits: RateLimits | undefined;
}

/** Fills what is missing. Throws RangeError for counts that make no sense. */
export function settingsFrom(options: HubspotSandboxOptions): SandboxSettings {
  const records = options.records ?? 1_000;
  const settings = {
    port: options.port ?? 0,
    host: options.host ?? "127.0.0.1",
    records,
    deals: options.deals ?? Math.floor(records / 3),
    seed: options.seed ?? 1,
    token: options.token ?? "sandbox-token",
    limits: options.limits === false ? undefined : { ...documentedLimits, ...options.limits },
    idsCompareAs: options.idsCompareAs ?? "number",
    indexLagMs: options.indexLagMs ?? 0,
    oneTimestamp: options.oneTimestamp ?? (records >= 30_000 ? 12_000 : 0),
    touched: options.touched ?? 0,
    created: options.created ?? 0,
    now: options.now ?? (() => new Date()),
  };
  for (const name of [
    "port",
    "records",
    "deals",
    "seed",
    "indexLagMs",
    "oneTimestamp",
    "touched",
    "created",
  ] as const) {
    if (!Number.isSafeInteger(settings[name]) || settings[name] < 0)
      throw new RangeError(`${name} must be a whole number from 0 on, but is ${settings[name]}`);
  }
  return settings;
}
