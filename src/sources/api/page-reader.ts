/** Asks for single pages of a read: request, rules, records, and what the answer says about paging. */
import { type Scope } from "../../template/index.ts";
import type { Connection, Pagination } from "../../spec/types.ts";
import { instantFromDate, isoOf } from "../../values/instant.ts";
import type { SourceContext, Window } from "../contract.ts";
import { type HttpClient, showUrl, type TextResponse, type Verdict, withoutQuery } from "../http/index.ts";
import { type Answer, decodeAnswer } from "./answer.ts";
import { type BuiltRequest, compileRequest } from "./build-request.ts";
import { type AnswerDecoder, compileDecoder, compileRows } from "./decode/index.ts";
import type { EffectiveSource } from "./effective-source.ts";
import { type AnswerFacts, compileFacts, type FactsReader } from "./page-facts.ts";
import { type Paginator, paginatorOf, type Step } from "./paginators/index.ts";
import { compilePlace, type Placeable } from "./place.ts";
import { compileRecords } from "./records.ts";
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

export interface PageReaderOptions {
  source: EffectiveSource;
  context: SourceContext;
  connection: Connection;
  client: HttpClient;
  window: Pick<Window, "since" | "until">;
  /** `--batch-size`, or 1 for a check. */
  pageSize?: number;
  /** The part of the source that is asked for. */
  slice?: Slice;
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
    this.paginator = paginatorOf(pagination, connection.base_url);
    this.facts = compileFacts(pagination);
    this.maxPages = pagination.type === "none" ? 1 : pagination.max_pages;
    this.size = pageSizeOf(pagination, pageSize);
    this.build = compileRequest(source.request, connection.base_url);
    this.decoder = compileDecoder(source.decode, connection);
    this.rows = source.decode.rows && compileRows(source.decode.rows);
    this.records = compileRecords(source.records);
    this.judge = compileRules(source.responses, connection);
    this.placePosition =
      "send_as" in pagination && pagination.send_as !== undefined ? compilePlace(pagination.send_as) : undefined;
    this.placeSize =
      "size_as" in pagination && pagination.size_as !== undefined ? compilePlace(pagination.size_as) : undefined;
    this.secretNames = connection.auth?.type === "query" ? Object.keys(connection.auth.query) : [];
  }

  /** The same reader for a slice; nothing is compiled again. */
  forSlice(slice: Slice): PageReader {
    const reader = Object.create(PageReader.prototype) as PageReader;
    return Object.assign(reader, this, { options: { ...this.options, slice } });
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
    const { answer: document, meaning, date } = await this.ask(this.request(step), resumed);
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
    const { answer, meaning } = await this.ask(this.request(this.paginator.first()), false);
    return meaning === "records" || meaning === "empty" ? this.facts.total(answer) : undefined;
  }

  private async ask(
    request: BuiltRequest,
    resumed: boolean,
  ): Promise<{ answer: Answer; meaning: Meaning; date?: Date }> {
    const { method, url, content } = request;
    const shown = `${method} ${showUrl(url, this.secretNames)}`;
    let answer: Answer | undefined;
    let meaning: Meaning = "records";
    const response = await this.options.client.text(request, async (candidate: TextResponse): Promise<Verdict> => {
      answer = await decodeAnswer(candidate, {
        request: { method, url, body: content },
        slice: this.options.slice?.inExpressions,
        shown,
        decoder: this.decoder,
      });
      const judgement = await this.judge(candidate, answer, { resumed });
      ({ meaning } = judgement);
      return judgement.verdict;
    });
    const date = new Date(response.headers["date"] ?? "");
    return { answer: answer as Answer, meaning, ...(Number.isNaN(date.getTime()) ? {} : { date }) };
  }

  private place(parts: Placeable, step: Step): void {
    // A URL that a response named has position and size in it.
    if (step.url !== undefined) return;
    const position = this.paginator.sent(step);
    if (position !== undefined) this.placePosition?.(parts, position);
    if (this.size !== undefined) this.placeSize?.(parts, this.size);
  }

  private scope({ after, number, offset }: Step): Scope {
    const { context, connection, window, slice } = this.options;
    const now = instantFromDate(new Date());
    return {
      values: {
        since: window.since,
        until: window.until,
        now: { text: isoOf(now), instant: now },
        page: { after, number, offset, size: this.size },
        params: context.params,
        vars: connection.vars ?? {},
        ...(slice?.inTemplates ? { slice: slice.inTemplates } : {}),
      },
      mapped: context.mapped,
    };
  }
}

/** The spec's own size, or what was asked for within `max_size` (the size itself where the spec gives no greater). */
function pageSizeOf(pagination: Pagination, asked: number | undefined): number | undefined {
  if (pagination.type === "none") return asked;
  const { size, max_size } = pagination;
  return asked === undefined ? size : Math.min(asked, max_size ?? size ?? asked);
}
