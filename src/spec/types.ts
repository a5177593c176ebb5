/** The types of a loaded spec: checked, defaults filled in, short forms spelled out. Generated from schemas/. */
export type {
  ApiSource,
  Connection,
  CsvSource,
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
  ValidatorUse,
} from "./types.generated.ts";
import type { ApiSource, CsvSource } from "./types.generated.ts";

/** Every kind of source. */
export type Source = ApiSource | CsvSource;
