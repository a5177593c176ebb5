/** What a workload asks of a peer, and what a peer answers. */

/** How a column's values are made comparable as text, whatever type a peer gave the column. */
export type Kind = "text" | "integer" | "decimal" | "double" | "boolean" | "date" | "timestamp";

export interface Column {
  name: string;
  kind: Kind;
}

/** `first`: into an empty target. `again`: the same rows once more. `delta`: what changed since. */
export type Step = "first" | "again" | "delta";

export interface Job {
  workload: "api" | "csv" | "postgres" | "mariadb";
  /** How many records the source holds. */
  rows: number;
  /** The key comes first. */
  columns: readonly Column[];
  source: Source;
  /** Address of an empty database, this peer's own. */
  target: string;
  /** A folder for specs, state and logs, this peer's own for the steps of one round. */
  folder: string;
}

/** Where the records are: what the workload has of these. */
export interface Source {
  /** A CSV file with a header. */
  file: string;
  /** Address of the database whose table `orders` is read. */
  database: string;
  /** The API's address and its token. */
  api: { url: string; token: string };
}

/** A process to be measured, with all that it starts. */
export interface Command {
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

/** Where a peer put the rows. */
export interface Landed {
  /** As it stands in SQL. */
  table: string;
  /** SQL of a column that is not under its own name; undefined for one that this peer did not make. */
  columns?: Readonly<Record<string, string | undefined>>;
}

export interface Peer {
  name: string;
  /** How it was set up, for the reader of the results. */
  how: string;
  /** What it did less, or not as the others did; by workload. */
  less?: Partial<Record<Job["workload"], string>>;
  /** How many rounds it takes part in at most, and how many rows it is given at most: for those that take minutes. */
  most?: { runs: number; rows: number };
  /** Whether it takes part in a step of a workload. */
  does(workload: Job["workload"], step: Step): boolean;
  /** Installs what it needs. Throws what is missing, in a sentence. */
  prepare(): Promise<void>;
  version(): string;
  /** Writes its configuration for a job. */
  configure(job: Job): void;
  command(job: Job, step: Step): Command;
  landed(job: Job): Landed;
}
