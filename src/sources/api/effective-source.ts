import { SpecError } from "../../errors.ts";
import { layInJob } from "../../spec/lay-in-job.ts";
import { layOver } from "../../spec/lay-over.ts";
import { schemaValidator } from "../../spec/schema.ts";
import type { ApiSource, DecodeOptions, Job, Pagination, Request, Responses, Slices } from "../../spec/types.ts";

/** How an answer gives its records. */
export type Records = NonNullable<ApiSource["records"]>;

/** What is done before the results of an export can be asked for, and after. */
export interface EffectiveJob extends Omit<Job, "results"> {
  /** Gives several files to fetch. */
  each?: string;
  /** Rules for whatever the job is asked, but for its results. */
  responses: Responses;
}

/** What one run asks: the source, with `incremental` laid over it where the run has a watermark or a start date. */
export interface EffectiveSource {
  request: Request;
  decode: DecodeOptions;
  records: Records;
  pagination: Pagination;
  responses: Responses;
  /** Absent where it is read as one. */
  slices?: Slices;
  /** Where an export is made first: request, decode, records, pagination and responses are those of its results. */
  job?: EffectiveJob;
}

/**
 * Lays `incremental` over the source. A request that names its own path or url, a pagination that names its own type
 * and slices that name their own `by` stand alone. Defaults of the schema are filled in again, because what stands alone has none yet.
 * The same holds for the parts of a job.
 * @throws SpecError when the whole is not what the schema allows.
 */
export function effectiveSource(spec: ApiSource, incremental: boolean): EffectiveSource {
  const over = incremental ? (spec.incremental ?? {}) : {};
  const { request, pagination, records } = over;
  const slices = layInSlices(spec.slices, over.slices);
  const job = over.job === undefined ? spec.job : (layInJob(spec.job, over.job) as Job | undefined);
  if (job) return { ...effectiveJob(job, over.responses ?? spec.responses ?? []), ...(slices ? { slices } : {}) };
  const standsAlone = request?.["path"] !== undefined || request?.["url"] !== undefined;
  return {
    request: complete("request", standsAlone ? request : layOver(spec.request, request ?? {})) as Request,
    pagination: completePagination(
      pagination?.["type"] === undefined ? layOver(spec.pagination, pagination ?? {}) : pagination,
    ),
    decode: spellOutDecode(over.decode ?? spec.decode ?? "json"),
    records: layRecords(spec.records, records),
    responses: over.responses ?? spec.responses ?? [],
    ...(slices ? { slices } : {}),
  };
}

/** A job's results are read as any source is; the rules of the source hold for them too, after their own. */
function effectiveJob(written: Job, responses: Responses): EffectiveSource {
  const { results, ...job } = complete("job", written) as Job;
  const { each, decode, records, pagination, responses: own = [], ...request } = results;
  return {
    request,
    decode: spellOutDecode(decode ?? "json"),
    records: layRecords(undefined, records),
    pagination: completePagination(pagination),
    responses: [...own, ...responses],
    job: { ...job, responses, ...(each === undefined ? {} : { each }) },
  };
}

/** `decode: csv` as a map, its defaults filled in. */
export function spellOutDecode(decode: NonNullable<ApiSource["decode"]>): DecodeOptions {
  return complete("decode_options", typeof decode === "string" ? { [decode]: {} } : decode) as DecodeOptions;
}

function layRecords(base: Records | undefined, over: string | Partial<Records> | undefined): Records {
  const laid = typeof over === "string" ? { from: over } : { ...base, ...over };
  if (laid.from === undefined) throw new SpecError("source.records is missing: where a response has its records");
  return { missing: "fail", ...laid, from: laid.from };
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
