/** How the next page might follow, by what an answer says: a link, an address, a cursor, a number. */
import { linkOf } from "../sources/http/link-header.ts";
import { columnName, fieldPath } from "./names.ts";

export interface PagesInput {
  body: unknown;
  headers: Record<string, string>;
  records: readonly unknown[];
  /** Where the records are: nothing below it is looked at. */
  from: string;
  query: Readonly<Record<string, string>>;
}

export interface GuessedPages {
  pagination: Record<string, unknown>;
  remarks: string[];
  doubt?: string;
  /** The query without what the pagination sends itself. */
  query: Record<string, string>;
}

interface Fact {
  path: string;
  /** Its last name as the answer has it, and as a column would. */
  last: string;
  name: string;
  /** The names above it, likewise. */
  above: string;
  value: string | number | boolean | null;
}

const maxDepth = 4;
const sizeNames = new Set([
  "limit",
  "per_page",
  "page_size",
  "size",
  "count",
  "top",
  "max_results",
  "perpage",
  "pagesize",
  "take",
]);
const offsetNames = new Set(["offset", "skip", "start", "start_at", "start_index"]);
const pageNames = new Set([
  "page",
  "current_page",
  "page_number",
  "page_no",
  "page_num",
  "pagenumber",
  "currentpage",
  "page_index",
]);
const cursorName =
  /^(next_?)?(page_?)?(cursor|token|continuation|continuation_token|after|marker|bookmark|scroll_id|starting_after|start_after)$|^next_(cursor|token|page_token|marker|key|page_cursor)$|^end_cursor$/;
const moreNames = new Set(["has_more", "has_next", "has_next_page", "more", "hasmore"]);
const totalNames = new Set([
  "total",
  "total_count",
  "total_results",
  "total_records",
  "total_items",
  "total_elements",
  "totalcount",
  "count_all",
]);
const pagesNames = new Set([
  "total_pages",
  "last_page",
  "pages",
  "page_count",
  "num_pages",
  "totalpages",
  "pages_total",
]);

/** The pagination of what is likeliest; where it is a guess, its remarks say so. */
export function guessPages(input: PagesInput): GuessedPages {
  const facts = factsOf(input.body, [], input.from);
  for (const guess of [byLink, byUrl, byCursor, byOffset, byNumber]) {
    const found = guess(input, facts);
    if (found) return found;
  }
  return onePage(input, facts);
}

function factsOf(value: unknown, names: string[], from: string): Fact[] {
  if (Array.isArray(value)) return [];
  if (typeof value === "object" && value !== null) {
    if (names.length >= maxDepth || (names.length > 0 && fieldPath(names) === from)) return [];
    return Object.entries(value).flatMap(([name, member]) => factsOf(member, [...names, name], from));
  }
  const path = fieldPath(names);
  const last = names.at(-1);
  if (path === undefined || last === undefined) return [];
  return [
    {
      path,
      last,
      name: columnName(last),
      above: columnName(names.slice(0, -1).join("_")),
      value: value as Fact["value"],
    },
  ];
}

function byLink({ headers, query }: PagesInput): GuessedPages | undefined {
  if (linkOf(headers["link"], "next") === undefined) return undefined;
  return {
    pagination: { type: "next_url", link_header: "next" },
    remarks: ["The Link header of the answer names the next page."],
    query: { ...query },
  };
}

function byUrl({ query }: PagesInput, facts: readonly Fact[]): GuessedPages | undefined {
  const found = facts.find(
    ({ name, above, value }) =>
      typeof value === "string" &&
      /^(https?:\/\/|\/)/i.test(value) &&
      /(^|_)next(_|$)|nextlink/.test(`${above}_${name}`),
  );
  if (!found) return undefined;
  return {
    pagination: { type: "next_url", url: found.path },
    remarks: [`The answer names the address of the next page at ${found.path}.`],
    query: { ...query },
  };
}

function byCursor({ query }: PagesInput, facts: readonly Fact[]): GuessedPages | undefined {
  const candidates = facts.filter(
    ({ name, above, value }) =>
      (typeof value === "string" || typeof value === "number") &&
      (cursorName.test(name) || (name === "next" && !pageNames.has(above))) &&
      !/(^|_)prev/.test(`${above}_${name}`),
  );
  const found = candidates.find(({ value }) => value !== "") ?? candidates[0];
  if (!found || (found.name === "next" && typeof found.value === "number")) return undefined;
  const sendAs = cursorParameter(found, query);
  const more = facts.find(({ name, value }) => moreNames.has(name) && typeof value === "boolean");
  const { size, left } = sizeOf(query, [sendAs]);
  return {
    pagination: {
      type: "cursor",
      cursor: found.path,
      send_as: `query.${sendAs}`,
      ...size,
      ...(more ? { stop_when: `$not(${more.path})` } : {}),
    },
    remarks: [
      `GUESS: the answer has a cursor at ${found.path}; that it goes back as ${sendAs} is a guess by its name.`,
    ],
    doubt: `pagination: the cursor at ${found.path} is sent as query.${sendAs}, which is a guess; look it up in the API's documentation`,
    query: left,
  };
}

/** `nextPageToken` goes back as `pageToken`, `next_cursor` as `cursor`; what the user sent goes by that name. */
function cursorParameter({ last, name }: Fact, query: Readonly<Record<string, string>>): string {
  const known = Object.keys(query).find((key) => cursorName.test(columnName(key)));
  if (known !== undefined) return known;
  if (name === "next" || name === "end_cursor") return name === "next" ? "cursor" : "after";
  const short = last.replace(/^next_?(?=.)/i, "");
  return short.charAt(0).toLowerCase() + short.slice(1);
}

function byOffset({ query, records }: PagesInput, facts: readonly Fact[]): GuessedPages | undefined {
  const found = facts.find(({ name, value }) => offsetNames.has(name) && typeof value === "number");
  const total = totalOf(facts);
  const asked = Object.keys(query).find((key) => offsetNames.has(columnName(key)));
  if ((!found && asked === undefined) || !total || records.length === 0) return undefined;
  const sendAs = asked ?? (found as Fact).last;
  const limit = facts.find(
    ({ name, value }) => sizeNames.has(name) && typeof value === "number" && value > 0 && name !== "count",
  );
  const { size, left } = sizeOf(query, [sendAs], limit);
  return {
    pagination: { type: "offset", send_as: `query.${sendAs}`, ...size, total: total.path },
    remarks: [
      `GUESS: the answer has an offset and a total (${total.path}); that the next one goes as ${sendAs} is a guess by its name.`,
    ],
    doubt: `pagination: offsets are sent as query.${sendAs}, which is a guess; look it up in the API's documentation`,
    query: left,
  };
}

function byNumber({ query }: PagesInput, facts: readonly Fact[]): GuessedPages | undefined {
  const asked = Object.keys(query).find((key) => pageNames.has(columnName(key)));
  const page = facts.find(({ name, value }) => pageNames.has(name) && isCount(value));
  // `{ page: { number: 0, size: 20, totalPages: 5 } }`
  const number = facts.find(
    ({ name, above, value }) => name === "number" && /(^|_)page$/.test(above) && isCount(value),
  );
  const next = facts.find(
    ({ name, above, value }) => isCount(value) && (name === "next_page" || (name === "next" && /page/.test(above))),
  );
  const pages = facts.find(({ name, value }) => pagesNames.has(name) && isCount(value));
  const total = totalOf(facts);
  const current = page ?? number;
  const isTold = current ?? next ?? (asked === undefined ? undefined : (pages ?? total));
  if (!isTold || (!pages && !total && !next)) return undefined;
  const sendAs = asked ?? (page && /number|no$|num$|index/.test(page.name) ? page.last : "page");
  const first = asked === undefined ? Number(current?.value ?? 1) : Number(query[asked]);
  const { size, left } = sizeOf(
    query,
    [sendAs],
    facts.find(({ name, value }) => sizeNames.has(name) && name !== "count" && isCount(value)),
  );
  return {
    pagination: {
      type: "page",
      ...(first === 0 ? { first: 0 } : {}),
      send_as: `query.${sendAs}`,
      ...size,
      ...(pages
        ? { pages: pages.path }
        : total
          ? { total: total.path }
          : { stop_when: `$not($exists(${next?.path})) or ${next?.path} = null` }),
    },
    remarks: [
      `GUESS: the answer counts pages (${[current, next, pages ?? total].flatMap((fact) => fact?.path ?? []).join(", ")}); that their number goes as ${sendAs} is a guess by its name.`,
    ],
    doubt: `pagination: page numbers are sent as query.${sendAs}, which is a guess; look it up in the API's documentation`,
    query: left,
  };
}

function onePage({ query, records }: PagesInput, facts: readonly Fact[]): GuessedPages {
  const more = facts.find(({ name, value }) => moreNames.has(name) && value === true);
  const total = totalOf(facts);
  const isCut = more !== undefined || (total !== undefined && Number(total.value) > records.length);
  // As many as were asked for, or as many as somebody would set for a limit.
  const limit = Object.keys(query).find((key) => sizeNames.has(columnName(key)));
  const isRound =
    (records.length >= 10 && records.length % 10 === 0) ||
    (limit !== undefined && Number(query[limit]) === records.length);
  const why = more
    ? `${more.path} is true`
    : isCut
      ? `${total?.path} is ${String(total?.value)}`
      : `it holds exactly ${records.length} records`;
  return {
    pagination: { type: "none" },
    remarks:
      isCut || isRound
        ? [
            `CHECK: the answer does not say how the next page follows, but ${why}: there is more, or may be. Only this page is read.`,
            "Forms of pagination: docs/api-source.md. Where there is an id to go on after: { type: last_id, id: id, send_as: query.starting_after }",
          ]
        : ["The answer says nothing of further pages."],
    ...(isCut || isRound
      ? { doubt: `pagination: only the first page is read, but ${why}: see the remark in the file` }
      : {}),
    query: { ...query },
  };
}

const isCount = (value: unknown): boolean => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

function totalOf(facts: readonly Fact[]): Fact | undefined {
  const counts = facts.filter(({ value }) => isCount(value));
  return (
    counts.find(({ name }) => totalNames.has(name)) ??
    counts.find(({ name, above }) => name === "count" && (above === "" || /meta|paging|pagination/.test(above)))
  );
}

/** The page size that was asked for, or that the answer tells, under the name by which it was asked for. */
function sizeOf(
  query: Readonly<Record<string, string>>,
  sent: readonly string[],
  told?: Fact,
): { size: Record<string, unknown>; left: Record<string, string> } {
  const key = Object.keys(query).find((each) => sizeNames.has(columnName(each)) && /^[1-9]\d*$/.test(query[each]!));
  const left = Object.fromEntries(Object.entries(query).filter(([each]) => each !== key && !sent.includes(each)));
  if (key !== undefined) return { size: { size: Number(query[key]), size_as: `query.${key}` }, left };
  return {
    size: told && Number(told.value) > 0 ? { size: Number(told.value), size_as: `query.${told.last}` } : {},
    left,
  };
}
