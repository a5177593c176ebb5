import { FatalError, SpecError } from "../../errors.ts";
import type { Pagination } from "../../spec/types.ts";
import { linkOf } from "../http/index.ts";
import { type Answer, type AnswerExpression, compileOverAnswer, compileOverRecord } from "./answer.ts";
import { compileNested } from "./nested-facts.ts";
import type { PageFacts } from "./paginators/index.ts";
import { isTrue } from "./truth.ts";

/** What one answer says about paging, but for how much was read before it. */
export type AnswerFacts = Omit<PageFacts, "read" | "url"> & {
  /** Of nested pages: ids of records that nobody asked for. */
  others?: readonly string[];
};

export interface FactsReader {
  facts(answer: Answer, records: readonly unknown[]): Promise<AnswerFacts>;
  /** The total alone; undefined where the spec names none, or the answer tells none. */
  total(answer: Answer): Promise<number | undefined>;
  /** True when the spec says where the total is. */
  readonly hasTotal: boolean;
  /** The id of a record, where pages go by it. */
  readonly id?: (record: unknown) => unknown;
}

/** Compiles a pagination's expressions. Throws SpecError for bad syntax and for a pagination that says nothing. */
export function compileFacts(pagination: Pagination): FactsReader {
  const over = (key: string): AnswerExpression | undefined => {
    const expression = (pagination as unknown as Record<string, unknown>)[key];
    return typeof expression === "string" ? compileOverAnswer(expression, `pagination.${key}`) : undefined;
  };
  const stopWhen = over("stop_when");
  const pages = over("pages");
  const total = over("total");
  const next = compileNext(pagination, over);
  const nested = pagination.type === "nested" ? compileNested(pagination) : undefined;
  const totalOf = async (answer: Answer): Promise<number | undefined> =>
    total && countOf(await total(answer), "pagination.total", answer);
  return {
    hasTotal: total !== undefined,
    total: totalOf,
    ...(pagination.type === "last_id" ? { id: compileOverRecord(pagination.id, "pagination.id") } : {}),
    async facts(answer, records) {
      const { more, others } = (await nested?.(answer, records)) ?? {};
      return {
        count: records.length,
        next: more ?? (await next?.(answer, records)),
        stop: stopWhen !== undefined && isTrue(await stopWhen(answer)),
        pages: pages && countOf(await pages(answer), "pagination.pages", answer),
        total: await totalOf(answer),
        ...(others?.length ? { others } : {}),
      };
    },
  };
}

type Next = (answer: Answer, records: readonly unknown[]) => unknown;

function compileNext(pagination: Pagination, over: (key: string) => AnswerExpression | undefined): Next | undefined {
  switch (pagination.type) {
    case "cursor": {
      const { header } = pagination;
      const fromBody = over("cursor");
      if (fromBody) return fromBody;
      if (header === undefined)
        throw new SpecError("pagination cursor needs cursor: or header:, where the next cursor is");
      return ({ headers }) => headers[header.toLowerCase()];
    }
    case "next_url": {
      const { link_header } = pagination;
      const fromBody = over("url");
      if (fromBody) return fromBody;
      if (link_header === undefined)
        throw new SpecError("pagination next_url needs url: or link_header:, where the next URL is");
      return ({ headers }) => linkOf(headers["link"], link_header);
    }
    case "last_id": {
      const idOf = compileOverRecord(pagination.id, "pagination.id");
      return (_answer, records) => (records.length === 0 ? undefined : idOf(records.at(-1)));
    }
    default:
      return undefined;
  }
}

/** A count is a whole number, or the text of one; no value is none. */
function countOf(value: unknown, where: string, { shown }: Answer): number | undefined {
  if (value === undefined || value === null) return undefined;
  const count = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count;
  throw new FatalError(`${shown}: ${where} is ${JSON.stringify(value)}, which is not a count`);
}
