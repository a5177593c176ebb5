/** Asks for single pages of a read: request, rules, records, and what the answer says about paging. */
import { type Scope } from "../../template/index.ts";
import type { Pagination } from "../../spec/types.ts";
import { type HttpClient, withoutQuery } from "../http/index.ts";
import type { Answer } from "./answer.ts";
import { ask, type Asked } from "./ask.ts";
import { type BuiltRequest, compileRequest } from "./build-request.ts";
import type { Conditional } from "./conditional.ts";
import { type AnswerDecoder, compileDecoder, compileRows } from "./decode/index.ts";
import type { EffectiveSource } from "./effective-source.ts";
import { type AnswerFacts, compileFacts, type FactsReader } from "./page-facts.ts";
import { type Paginator, paginatorOf, type Step } from "./paginators/index.ts";
import { compilePlace, type Placeable } from "./place.ts";
import { compileRecords } from "./records.ts";
import { type RequestSurroundings, requestScope, secretQueryNames } from "./request-scope.ts";
import { compileRules, type Meaning } from "./response-rules.ts";
import type { Slice } from "./slices/contract.ts";

export interface FetchedPage {
  answer: Answer;
  meaning: Meaning;
  records: unknown[];
  facts: AnswerFacts;
  /** The source's clock, where it tells one. */
  date?: Date;
}

export interface PageReaderOptions extends RequestSurroundings {
  source: EffectiveSource;
  client: HttpClient;
  /** `--batch-size`, or 1 for a check. */
  pageSize?: number;
  /** Asks for the answer only if it is another one by now. */
  conditional?: Conditional;
}

export class PageReader {
  readonly paginator: Paginator;
  readonly facts: FactsReader;
  readonly maxPages: number;
  readonly pagination: Pagination;
  private readonly options: PageReaderOptions;
  readonly size: number | undefined;
  private readonly build: ReturnType<typeof compileRequest>;
  private readonly decoder: AnswerDecoder;
  private readonly rows: ReturnType<typeof compileRows> | undefined;
  private readonly records: ReturnType<typeof compileRecords>;
  private readonly judge: ReturnType<typeof compileRules>;
  private readonly placePosition: ReturnType<typeof compilePlace> | undefined;
  private readonly placeSize: ReturnType<typeof compilePlace> | undefined;
  /** Query names of credentials: a link that a response wrote may repeat them. */
  private readonly secretNames: string[];

  /** Throws SpecError for whatever of the source cannot be compiled. */
  constructor(options: PageReaderOptions) {
    const { source, connection, pageSize } = options;
    const { pagination } = source;
    this.options = options;
    this.pagination = pagination;
    this.paginator = paginatorOf(pagination, connection);
    this.facts = compileFacts(pagination);
    this.maxPages = pagination.type === "none" ? 1 : pagination.max_pages;
    this.size = pageSizeOf(pagination, pageSize);
    this.build = compileRequest(source.request, connection.base_url);
    this.decoder = compileDecoder(source.decode, connection);
    this.rows = source.decode.rows && compileRows(source.decode.rows);
    this.records = compileRecords(source.records, { paged: pagination.type !== "none" });
    this.judge = compileRules(source.responses, connection);
    this.placePosition =
      "send_as" in pagination && pagination.send_as !== undefined && pagination.type !== "nested"
        ? compilePlace(pagination.send_as)
        : undefined;
    this.placeSize =
      "size_as" in pagination && pagination.size_as !== undefined ? compilePlace(pagination.size_as) : undefined;
    this.secretNames = secretQueryNames(connection);
  }

  /** The same reader for a slice; nothing is compiled again. */
  forSlice(slice: Slice): PageReader {
    return this.with({ slice });
  }

  /** The same reader for the results of an export: `{{job.…}}`. */
  forJob(job: Readonly<Record<string, unknown>>): PageReader {
    return this.with({ job });
  }

  /** The same reader, whose requests end when the signal does. */
  until(signal: AbortSignal): PageReader {
    return this.with({ client: this.options.client.until(signal) });
  }

  private with(changes: Partial<PageReaderOptions>): PageReader {
    const reader = Object.create(PageReader.prototype) as PageReader;
    return Object.assign(reader, this, { options: { ...this.options, ...changes } });
  }

  /** The request of a step, as it would go out now. */
  request(step: Step): BuiltRequest {
    const { url } = step;
    return this.build(this.scope(step), { url, place: (parts) => this.place(parts, step) });
  }

  /**
   * Asks for a page.
   * @param resumed the step comes from an earlier run: a refusal gives a page whose `meaning` is `refused`.
   * @throws FatalError, TransientError as the rules and the client say.
   */
  async fetch(step: Step, { resumed }: { resumed: boolean }): Promise<FetchedPage> {
    const asked = await this.ask(step, resumed);
    return this.options.context.metrics.clock.work("parse", () => this.pageOf(asked));
  }

  private async pageOf({ answer: document, meaning, date }: Asked): Promise<FetchedPage> {
    const answer = meaning === "records" && this.rows ? await this.rows(document) : document;
    const records = meaning === "records" ? await this.records(answer) : [];
    if (meaning === "unchanged" || meaning === "refused")
      return { answer, meaning, records, facts: { count: 0, stop: true }, date };
    const facts = await this.facts.facts(answer, records);
    if (this.pagination.type === "next_url" && typeof facts.next === "string")
      facts.next = withoutQuery(facts.next, this.secretNames);
    return { answer, meaning, records, facts, date };
  }

  /** The total as it is told now: the first page's request again, without the key filter that pages are read by. */
  async total(): Promise<number | undefined> {
    const { answer, meaning } = await this.ask(this.paginator.first(), false);
    return meaning === "records" || meaning === "empty" ? this.facts.total(answer) : undefined;
  }

  private async ask(step: Step, resumed: boolean): Promise<Asked> {
    const { options, decoder, judge, secretNames } = this;
    const { client, conditional } = options;
    const slice = sliceAt(options.slice, step)?.inExpressions;
    const request = this.request(step);
    const going = conditional?.apply(request) ?? request;
    const asked = await ask(going, { client, decoder, judge, slice, secretNames, resumed });
    conditional?.note(request, asked.answer, asked.meaning);
    return asked;
  }

  private place(parts: Placeable, step: Step): void {
    // A URL that a response named has position and size in it.
    if (step.url !== undefined) return;
    const position = this.paginator.sent(step);
    if (position !== undefined) this.placePosition?.(parts, position);
    if (this.size !== undefined) this.placeSize?.(parts, this.size);
  }

  private scope(step: Step): Scope {
    const { after, number, offset } = step;
    const slice = sliceAt(this.options.slice, step);
    return requestScope({ ...this.options, slice }, { page: { after, number, offset, size: this.size } });
  }
}

/** The slice as a step sees it: nested pages ask for those records alone that have more. */
function sliceAt(slice: Slice | undefined, { inputs }: Step): Slice | undefined {
  if (slice === undefined || inputs === undefined) return slice;
  const { inTemplates, inExpressions } = slice;
  return {
    ...slice,
    inTemplates: { ...inTemplates, inputs },
    inExpressions: { ...(inExpressions as object), inputs },
  };
}

/** The spec's own size, or what was asked for within `max_size` (the size itself where the spec gives no greater). */
function pageSizeOf(pagination: Pagination, asked: number | undefined): number | undefined {
  if (pagination.type === "none" || pagination.type === "nested") return asked;
  const { size, max_size } = pagination;
  return asked === undefined ? size : Math.min(asked, max_size ?? size ?? asked);
}
