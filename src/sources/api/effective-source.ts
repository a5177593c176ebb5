import { SpecError } from "../../errors.ts";
import { layOver } from "../../spec/lay-over.ts";
import { schemaValidator } from "../../spec/schema.ts";
import type { ApiSource, DecodeOptions, Pagination, Request, Responses, Slices } from "../../spec/types.ts";

/** What one run asks: the source, with `incremental` laid over it where the run has a watermark or a start date. */
export interface EffectiveSource {
  request: Request;
  decode: DecodeOptions;
  records: ApiSource["records"];
  pagination: Pagination;
  responses: Responses;
  /** Absent where it is read as one. */
  slices?: Slices;
}

/**
 * Lays `incremental` over the source. A request that names its own path or url, a pagination that names its own type
 * and slices that name their own `by` stand alone. Defaults of the schema are filled in again, because what stands alone has none yet.
 * @throws SpecError when the whole is not what the schema allows.
 */
export function effectiveSource(spec: ApiSource, incremental: boolean): EffectiveSource {
  const over = incremental ? (spec.incremental ?? {}) : {};
  const { request, pagination, records } = over;
  const slices = layInSlices(spec.slices, over.slices);
  const standsAlone = request?.["path"] !== undefined || request?.["url"] !== undefined;
  return {
    request: complete("request", standsAlone ? request : layOver(spec.request, request ?? {})) as Request,
    pagination: completePagination(
      pagination?.["type"] === undefined ? layOver(spec.pagination, pagination ?? {}) : pagination,
    ),
    decode: spellOutDecode(over.decode ?? spec.decode ?? "json"),
    records: records === undefined ? spec.records : layRecords(spec.records, records),
    responses: over.responses ?? spec.responses ?? [],
    ...(slices ? { slices } : {}),
  };
}

/** `decode: csv` as a map, its defaults filled in. */
export function spellOutDecode(decode: NonNullable<ApiSource["decode"]>): DecodeOptions {
  return complete("decode_options", typeof decode === "string" ? { [decode]: {} } : decode) as DecodeOptions;
}

function layRecords(base: ApiSource["records"], over: string | Partial<ApiSource["records"]>): ApiSource["records"] {
  return typeof over === "string" ? { from: over, missing: "fail" } : { ...base, missing: "fail", ...over };
}

function layInSlices(base: Slices | undefined, over: Record<string, unknown> | null | undefined): Slices | undefined {
  if (over === undefined) return base;
  if (over === null) return undefined;
  const laid = over["by"] === undefined ? layOver(base, over) : over;
  return complete(`slices_${String((laid as Slices).by)}`, laid) as Slices;
}

function completePagination(pagination: unknown): Pagination {
  const { type } = pagination as Pagination;
  return complete(`pagination_${type}`, pagination) as Pagination;
}

function complete(definition: string, value: unknown): unknown {
  const copy = structuredClone(value);
  const validate = schemaValidator("pipeline", definition);
  if (validate(copy)) return copy;
  const [problem] = validate.errors ?? [];
  throw new SpecError(
    `source.incremental laid over the source gives a wrong ${definition}: ${problem?.instancePath ?? ""} ${problem?.message ?? ""}`.replace(
      / +/g,
      " ",
    ),
  );
}
