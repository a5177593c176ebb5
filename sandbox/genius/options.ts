/** Options of the Genius sandbox. */
import { tables } from "./tables/index.ts";

export interface GeniusSandboxOptions {
  /** `any` (the default): MySQL or MariaDB where one answers, SQLite otherwise. */
  on?: "any" | "mysql" | "sqlite";
  /** Where a MySQL or MariaDB may answer, with a user that may create databases; GENIUS_SANDBOX_MYSQL_URL, else root here. */
  server?: string;
  /** The same seed and counts give the same rows; default 1. */
  seed?: number;
  /** How many prospects, default 200; the other tables have as many, or fewer, or more, in proportion. */
  records?: number;
  /** Rows of single tables. */
  counts?: Readonly<Record<string, number>>;
  /** So many rows of a table share one `updated_at`; 12,000 unless told otherwise, where a table has twice as many. */
  oneTimestamp?: number;
  /** The zone in which Genius writes its times. */
  timeZone?: string;
  /** The clock that changes are stamped with. */
  now?: () => Date;
}

export interface SandboxSettings extends Required<Omit<GeniusSandboxOptions, "counts">> {
  count(table: string): number;
}

/** Rows of tables that do not grow with the business. */
const fixed: Readonly<Record<string, number>> = {
  division_group: 4,
  division_region: 5,
  division: 12,
  user_title: 14,
  service: 9,
  appointment_type: 6,
  appointment_outcome_type: 5,
  appointment_outcome: 18,
  job_status: 10,
  job_change_order_reason: 7,
  job_change_order_status: 5,
  job_change_order_type: 3,
  integration_field_definition: 8,
  third_party_source_type: 3,
  marketing_source_type: 8,
  marketing_source: 40,
  marketsharp_source: 25,
  marketsharp_marketing_source_map: 25,
  users_userassociations: 30,
  user_data: 60,
  integration_field: 50,
};

/** Rows for each prospect. */
const shares: Readonly<Record<string, number>> = {
  third_party_source: 0.5,
  prospect: 1,
  prospect_source: 1.2,
  lead: 1.5,
  appointment: 0.8,
  appointment_to_service: 1,
  quote: 0.6,
  job: 0.4,
  job_financing: 0.2,
  job_change_order: 0.4,
  job_change_order_item: 0.8,
};

/** Fills what is missing. Throws RangeError for counts that make no sense. */
export function settingsFrom(options: GeniusSandboxOptions): SandboxSettings {
  const { counts = {}, records = 200, seed = 1, oneTimestamp = 12_000 } = options;
  for (const [name, number] of Object.entries({ records, seed, oneTimestamp, ...counts }))
    if (!Number.isSafeInteger(number) || number < 0)
      throw new RangeError(`${name} must be a whole number from 0 on, but is ${number}`);
  for (const name of Object.keys(counts)) if (!tables.has(name)) throw new RangeError(`there is no table ${name}`);
  return {
    on: options.on ?? "any",
    server: options.server ?? process.env["GENIUS_SANDBOX_MYSQL_URL"] ?? "mysql://root@127.0.0.1:3306",
    seed,
    records,
    oneTimestamp,
    timeZone: options.timeZone ?? "America/Los_Angeles",
    now: options.now ?? (() => new Date()),
    count: (table) => counts[table] ?? fixed[table] ?? Math.ceil((shares[table] ?? 1) * records),
  };
}
