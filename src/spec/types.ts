/** The types of a loaded spec: checked, defaults filled in, short forms spelled out. Generated from schemas/. */
export type {
  ApiSource,
  AuthOauth2,
  CsvSource,
  DecodeCsv,
  DecodeOptions,
  DecodeRows,
  DecodeXml,
  Delta,
  Environment,
  Field,
  Pagination,
  PaginationCursor,
  PaginationLastId,
  PaginationNextUrl,
  PaginationOffset,
  PaginationPage,
  Param,
  Pipeline,
  Project,
  RateLimit,
  Request,
  Responses,
  Retry,
  Slices,
  SlicesDate,
  SlicesList,
  ValidatorUse,
} from "./types.generated.ts";
import type { ApiSource, Connection as WrittenConnection, CsvSource } from "./types.generated.ts";

/** A connection; `base_url` is empty where the token's reply tells it (`auth.base_url`). */
export type Connection = WrittenConnection & { base_url: string };

/** Every kind of source. */
export type Source = ApiSource | CsvSource;
