/** The types of a loaded spec: checked, defaults filled in, short forms spelled out. Generated from schemas/. */
export type {
  ApiSource,
  AuthOauth2,
  Child,
  CsvSource,
  DeletesFlag,
  DeletesListed,
  DeletesLookup,
  DeletesMerged,
  DeletesMissing,
  DecodeCsv,
  DecodeOptions,
  DecodeRows,
  DecodeXml,
  DatabaseConnection,
  Delta,
  Environment,
  Field,
  Job,
  JobCreate,
  JobPoll,
  Pagination,
  PaginationCursor,
  PaginationKeyset,
  PaginationLastId,
  PaginationNested,
  PaginationNextUrl,
  PaginationOffset,
  PaginationPage,
  Param,
  Project,
  RateLimit,
  Request,
  Responses,
  Retry,
  Rules,
  SinkTable,
  Slices,
  SlicesDate,
  SlicesList,
  SlicesParent,
  Upsert,
  ValidatorUse,
} from "./types.generated.ts";
import type {
  ApiConnection,
  ApiSource,
  CsvSource,
  DatabaseConnection,
  DatabaseSource as WrittenDatabaseSource,
  Delta,
  Pipeline as WrittenPipeline,
} from "./types.generated.ts";

/** A connection to an API; `base_url` is empty where the token's reply tells it (`auth.base_url`). */
export type Connection = ApiConnection & { base_url: string };

/** Every kind of connection. */
export type AnyConnection = Connection | DatabaseConnection;

/** What `{{delta}}` compares: `field` and `columns` are both there, whichever of them the spec gave. */
export type DatabaseDelta = Delta & { columns: string[] };

export type DatabaseSource = Omit<WrittenDatabaseSource, "delta"> & { delta?: DatabaseDelta };

/** Every kind of source. */
export type Source = ApiSource | CsvSource | DatabaseSource;

export type Pipeline = Omit<WrittenPipeline, "source"> & { source: Source };
