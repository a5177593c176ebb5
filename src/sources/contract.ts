/**
 * What the runtime asks of a source: pages of records, each with the position after it. A source knows its
 * system and nothing of mappings, tables or history.
 */
import type { Logger } from "pino";
import { StageClock } from "../stage-clock.ts";
import type { AnyConnection, DeletesLookup, Delta, Source as SourceSpec } from "../spec/types.ts";

/** A position inside a slice, as the checkpoint keeps it. Only its source can read it. */
export type Position = string | number | boolean | null | Position[] | { [key: string]: Position };

/** A record that the source itself could not make sense of (a ragged CSV line). */
export interface SourceReject {
  /** Line in the file, from 1. */
  line?: number;
  /** Short name of the rule that it breaks: `ragged_row`. */
  rule: string;
  message: string;
  /** What was there, for the rejects table. */
  record: unknown;
}

export interface Page {
  /** The slice it belongs to; `""` where the source has only one. */
  slice: string;
  records: unknown[];
  /** The line of `records[i]` in its file, from 1. */
  lines?: number[];
  rejects?: SourceReject[];
  /** Where reading may go on after this page; undefined where it cannot (page, offset, a file in the middle). */
  position?: Position;
  /** True on the last page of its slice. Every slice ends with one, if need be an empty one. */
  last: boolean;
  /** The slice began anew (it could not be resumed, or is read again): what was counted of it before is void. */
  restarted?: boolean;
  /** Size of the page as it came, in bytes: what read-ahead is bounded by. */
  bytes: number;
  /**
   * On a last page, where the source knows how many records the slice has: as told at the end of the read,
   * without the key filter, and how many distinct records were read. More than read makes the run partial.
   */
  completeness?: { total: number; distinct: number };
  /** On the first page, where the source tells how many there will be: for the progress bar. */
  expected?: number;
  /** `$slice` of mappings: `{ from, to }`, a list's value, `{ ids }` of the parents that were asked for, and of others that answered. */
  sliceValue?: unknown;
  /**
   * Of a slice by parent: ids whose records are all in with this page, in order of the parents. They were asked for and
   * not refused, returned or not: whoever has none any more is here as well. Ids are text, `sliceValue.ids` likewise. A reject of one of them, `record: { id }`, is over with it.
   */
  answered?: readonly string[];
  /** More pages of the same parents follow: what is committed before them is read again by a resumed run. */
  open?: boolean;
  /** Called once what the page held is committed, or compared on a dry run: what it was made from may go. */
  committed?(): void;
}

/** One bound of the window that is read: a value of the delta's type. */
export interface Bound {
  /** As the source wrote it, or as the command line did. */
  text: string;
  /** The canonical instant (`YYYY-MM-DDTHH:MM:SS.ffffffZ`) where the delta is a timestamp or date. */
  instant?: string;
}

/** The window of a run; the same object for the whole run. */
export interface Window {
  /** Where the incremental read starts, overlap taken off; on a full run `delta.start`, else 1970-01-01. */
  readonly since: Bound;
  /** The upper bound: the start of the run's first attempt by the earlier of the two clocks, or `--end-date`. */
  readonly until: Bound;
  /**
   * The source tells its clock (the `Date` header). True when that moved `until` back: a request already made
   * with the old one is made again. Only the first call of a run that is not resumed may move it.
   */
  observeClock(sourceNow: Date): boolean;
}

/** What a source counts while it works; the runtime reads it for the history. */
export interface SourceMetrics {
  apiCalls: number;
  retries: number;
  /** Calls that failed at first and then came through. */
  recovered: number;
  rateLimitWaitSeconds: number;
  bytesIn: number;
  /** By the budget's name; absent where no budget was charged. */
  quotaUsed?: Record<string, QuotaUse>;
  /** Told when the source's bytes are waited for, when they are parsed, and when there is a pause. */
  clock: StageClock;
}

/** The metrics of something that begins now. */
export function newMetrics(): SourceMetrics {
  return { apiCalls: 0, retries: 0, recovered: 0, rateLimitWaitSeconds: 0, bytesIn: 0, clock: new StageClock() };
}

/** What became of one budget of the connection. */
export interface QuotaUse {
  /** What this run took from it: requests, or their cost. */
  charged: number;
  /** How much there is of it. */
  limit: number;
  /** Of a quota: used by everybody, as the system says it; by this process where it says nothing. */
  used?: number;
}

/**
 * Secrets that outlive a run: refresh tokens that a server replaces. Encrypted where they lie; none is ever shown.
 * Names have two parts, `hubspot.refresh_token`. Throws FatalError where the store cannot be reached or another key
 * was used to write it.
 */
export interface CredentialStore {
  /** Where it is, without credentials: `sqlite:warehouse.db`. */
  readonly address: string;
  /** The secret, undefined where there is none of that name. */
  get(name: string): Promise<string | undefined>;
  /**
   * Puts `next` in the place of `old` (undefined: where there was none). False, and nothing is changed, when it is not
   * `old` that is there. When it says true the secret is safe.
   */
  replace(name: string, old: string | undefined, next: string): Promise<boolean>;
  /** Runs `body` while no other process does so for the same name; waits for those, within limits. */
  exclusive<T>(name: string, body: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** Which rows of another pipeline's table a slice by parent asks for: the keys of `slices`, defaults filled in. */
export interface ParentQuery {
  /** `system.entity` */
  pipeline: string;
  /** The column whose values are the ids: unique, never null. */
  column: string;
  /** Only rows whose content changed since this pipeline last ran to its end. */
  changed: boolean;
  /** How much further back `changed` looks, on the sink's clock: `15m`. */
  overlap: string;
  /** How often all of them are asked for all the same: `7d`. */
  full_every?: string;
}

/** The ids of the rows that a query names, ascending as their column sorts; as text. */
export interface ParentIds {
  /** The next ones after an id, `limit` at the most; none at the end. */
  after(id: string | undefined, limit: number): Promise<string[]>;
  /** How many there are. */
  count(): Promise<number>;
}

export interface SourceContext {
  spec: SourceSpec;
  /** Environment resolved, secrets in clear. Absent for a local file. */
  connection?: AnyConnection;
  /** Folder of the spec's file: relative paths start there. */
  folder: string;
  params: Record<string, unknown>;
  /** `mapped 'properties'`: names that the mapping and its kin read below a path (`""`: at the top). */
  mapped(path: string): string[];
  /** Where secrets are kept that change while we run; absent without ETL_CREDENTIALS_KEY. */
  credentials?: CredentialStore;
  /** Says that a value is secret, before it is used: from then on it is masked wherever text leaves us. */
  secret?(value: string): void;
  /** Opens the parents of `slices: { by: parent }`. Throws SpecError where there is no such table or column. */
  parents?(query: ParentQuery): Promise<ParentIds>;
  log: Logger;
  metrics: SourceMetrics;
  signal: AbortSignal;
}

export interface ReadRequest {
  /** True when the run has a watermark or a start date: `incremental` is laid over the source. */
  incremental: boolean;
  window: Window;
  /** `--batch-size`, within `max_size`; absent: the spec's own. */
  pageSize?: number;
  /**
   * How many pages of a slice may be asked for side by side where it is known how many there are, `concurrency`: as
   * many as the connection lets go at once. Records come in their order all the same. Absent: 1.
   */
  pagesAtOnce?: number | "concurrency";
  /** Positions of a run that is resumed, by slice; `done` slices are not read again. */
  resume: Record<string, { position?: Position; done: boolean }>;
  /** Validators of an unchanged file from the last successful run with the same spec (ETag, Last-Modified). */
  unchangedSince?: Position;
  /**
   * Commits where a slice is before it has a page, in a transaction of its own: an export job that was just made.
   * True once a killed run would find it again; false where the position is not kept (it holds a secret). Absent where
   * no later run goes on from here. What is committed with it is only what was committed before.
   */
  keep?(slice: string, position: Position): Promise<boolean>;
}

/** A request as it would go out; credentials are there by name only, their values are `***`. */
export interface ForecastRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: unknown;
}

/** A budget that a request would be charged to, as it stands now. */
export interface BudgetForecast extends QuotaUse {
  name: string;
  /** `charged` and the others count this. */
  unit: "requests" | "cost";
  /** It is not paced but counted: what is left but for the reserve may be spent at once. */
  isQuota: boolean;
  /** What remains, as far as is known; the reserve included. */
  remaining: number;
  reserved: number;
  /** How much of it goes at once before the rest is paced. */
  burst: number;
  /** Seconds that one unit takes at its pace; 0 for a quota. */
  pace: number;
}

export interface Forecast {
  /** The first one; absent where there is nothing to ask. */
  request?: ForecastRequest;
  /** Records that the source says there are. */
  records?: number;
  /** Calls that reading them takes, where that can be told. */
  calls?: number;
  /** Where there are more than one: at least so many calls. */
  slices?: number;
  /** `calls` are those of the first slice, which was asked, for each of them. */
  isSampled?: boolean;
  /** Calls that the forecast itself took. */
  asked: number;
  /** `charged` is what one call takes. */
  budgets: BudgetForecast[];
}

/** Keys of rows, as texts, that are to be deleted unless the source says that they exist. */
export interface KeyQuestion {
  lookup: DeletesLookup;
  /** `lookup.batch` at the most. */
  keys: readonly string[];
}

/** Of the keys asked about: those that exist (the others do not), or those that are gone. As the source writes them. */
export interface KeyAnswer {
  found?: unknown[];
  gone?: unknown[];
}

/** Keys of whole numbers, in the order of their values: from one on, and before another or up to it. */
export interface KeyRange {
  from: readonly (number | bigint)[];
  before?: readonly (number | bigint)[];
  to?: readonly (number | bigint)[];
}

/** Of the keys in a range: how many, and two sums of `checksumSql`. Equal ones mean equal keys. */
export interface KeyChecksum {
  count: number;
  sums: string;
}

/** The keys that a source has, to be compared with those of a table. Methods throw what stopped them: nothing is known then. */
export interface SourceKeys {
  /** All columns hold whole numbers, and the source answers for ranges of them at little cost. */
  readonly hasRanges: boolean;
  checksum(range: KeyRange): Promise<KeyChecksum>;
  /**
   * Reads the keys of a range, or all of them: records with the columns of the key and nothing else. After a lost
   * connection `take` is given keys that it was given before.
   */
  read(range: KeyRange | undefined, take: (records: unknown[]) => Promise<void>): Promise<void>;
  /** Which of the keys are there at this moment, as records; others that the database takes for the same may be among them. */
  find(keys: readonly (readonly string[])[]): Promise<unknown[]>;
}

export interface Source {
  /** Pages in order within a slice. Ends when all slices are read; throws what stopped it. */
  read(request: ReadRequest): AsyncIterable<Page>;
  /**
   * After `read`: what the next run should hand in as `unchangedSince`; and whether the source said that nothing
   * has changed since then (304): a success with nothing fetched.
   */
  unchanged?(): { validators?: Position; unchanged: boolean };
  /** Asks about keys. Throws what stopped it: nothing is known of any of them then. */
  lookUp?(question: KeyQuestion): Promise<KeyAnswer>;
  /** The keys alone, by the columns that make them; undefined where they cannot be had without the rows. */
  keys?(columns: readonly string[]): Promise<SourceKeys | undefined>;
  /** `etl connections test`: one cheap call. Returns a line for the user, throws what went wrong. */
  check?(): Promise<string>;
  /** `etl plan`: what `read` would ask, from one cheap call at the most. */
  forecast?(request: ReadRequest): Promise<Forecast>;
  /** `final`: the run failed, and no later one will go on where it stopped. */
  close(ending?: { final: boolean }): Promise<void>;
}

export interface SourceKind {
  open(context: SourceContext): Promise<Source>;
}

export type { Delta };
