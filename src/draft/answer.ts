/** A spec from one answer of an API: where its records are, what they hold, how the next page might follow. */
import { SpecError } from "../errors.ts";
import { columnName, fieldPath, likelyTables, targetTable } from "./names.ts";
import { looksSecret } from "./fields.ts";
import { guessPages } from "./paginator.ts";
import { recordChange, recordFields, recordKey } from "./records.ts";
import type { Draft, DraftKey } from "./write.ts";

export interface AnswerDraftInput {
  system: string;
  entity: string;
  connection: string;
  /** As it was asked for, query and all. */
  path: string;
  body: unknown;
  headers: Record<string, string>;
  /** Where the user says that the records are, and what is there. */
  records?: { from: string; found: unknown[] };
  /** How many are looked at. */
  sample: number;
}

const maxDepth = 4;
const listNames = new Set([
  "data",
  "results",
  "items",
  "records",
  "value",
  "values",
  "rows",
  "list",
  "entries",
  "content",
  "edges",
  "nodes",
  "hits",
  "elements",
]);

interface List {
  names: string[];
  records: unknown[];
}

/** The draft; `doubts` is what must be looked at before it is run. */
export function draftAnswer(input: AnswerDraftInput): { draft: Omit<Draft, "schema">; doubts: string[] } {
  const { system, entity, connection, headers, body, sample } = input;
  const { from, records, others } = listOf(input);
  const doubts: string[] = [];
  const looked = records.slice(0, sample);
  const fields = recordFields(looked);
  const key = recordKey(fields, { entity, count: looked.length });
  if (!key)
    throw new SpecError(
      `the records at ${from} have no field that could be a key (${looked.length} records): ask for some with --path, or name another list with --records${others.length > 0 ? `: ${others.join(", ")}` : ""}`,
    );
  if (key.doubt) doubts.push(key.doubt);
  if (others.length > 0)
    doubts.push(`the records are taken from ${from}; the answer has other lists: ${others.join(", ")} (--records)`);
  const { path, query } = splitPath(input.path);
  const { pagination, remarks, doubt, query: left } = guessPages({ body, headers, records, from, query });
  if (doubt !== undefined) doubts.push(doubt);
  const { change, addition } = recordChange(fields);
  if (key.field.type === "text") key.field.keepEmpty = true;
  delete key.field.validate;
  return {
    doubts,
    draft: {
      pipeline: `${system}.${entity}`,
      description: `${entity.replaceAll("_", " ")} of ${connection}, one row per ${key.field.column}.`,
      remarks: [
        `Written by etl new from one answer of ${path}, ${looked.length} record${looked.length === 1 ? "" : "s"} of it. Types are those of the sample: look them over.`,
        ...zoneRemark(fields.some(({ wall, leftOut }) => wall && leftOut === undefined)),
      ],
      source: [
        { key: "type", value: "api" },
        { key: "connection", value: connection },
        { key: "request", value: { path, ...(Object.keys(left).length > 0 ? { query: left } : {}) } },
        {
          key: "records",
          value: from,
          ...(others.length > 0 ? { remarks: [`Other lists of the answer: ${others.join(", ")}.`] } : {}),
        },
        { key: "pagination", value: pagination, remarks },
        changeLine(change, addition),
      ],
      fields,
      upsert: { keys: [key.field.column], ...(change ? { newer_by: change.column } : {}) },
      keyRemarks: key.doubt ? [`CHECK: ${key.doubt}.`] : [],
      table: targetTable(system, entity),
    },
  };
}

/** Said where times carry no zone. */
export function zoneRemark(isWall: boolean): string[] {
  return isWall ? ["Some times carry no zone and are read as UTC: time_zone: on a field says otherwise."] : [];
}

/** What orders changes, filtered on our side: how a system is asked for changes no answer tells. */
function changeLine(
  change: { from: string; type: string; format?: string; column: string } | undefined,
  addition: { column: string } | undefined,
): DraftKey {
  if (!change)
    return {
      key: "delta",
      remarks: [
        `No field says when a record changed, so every run reads everything.${addition ? ` (${addition.column} would miss what changes later.)` : ""}`,
      ],
    };
  const { from, type, format } = change;
  return {
    key: "delta",
    value: {
      field: from,
      ...(type === "date" ? { type } : {}),
      ...(format === undefined ? {} : { format }),
      local: true,
      overlap: type === "date" ? "1d" : "10m",
    },
    remarks: [
      "Everything is read, and older records are left out here. Where the API can filter by time, take local away and add:",
      'incremental: { request: { query: { updated_since: "{{iso since}}" } } }',
    ],
  };
}

/** The list of records: where the user says, else the likeliest of those that the answer has. */
function listOf({ body, entity, records }: AnswerDraftInput): { from: string; records: unknown[]; others: string[] } {
  const lists = listsIn(body, []);
  const shown = ({ names, records: { length } }: List): string => `${fieldPath(names) ?? names.join(".")} (${length})`;
  if (records) {
    if (!records.found.some((record) => typeof record === "object" && record !== null))
      throw new SpecError(
        `there is no list of objects at ${records.from}.${lists.length > 0 ? ` The answer has: ${lists.map(shown).join(", ")}.` : ""}`,
      );
    return { from: records.from, records: records.found, others: [] };
  }
  if (Array.isArray(body)) return { from: "$", records: body, others: [] };
  const own = new Set(likelyTables(entity).map(columnName));
  const score = ({ names, records: { length } }: List): number => {
    const name = columnName(names.at(-1) ?? "");
    return (own.has(name) ? 1_000 : listNames.has(name) ? 500 : 0) - names.length * 100 + Math.min(length, 99);
  };
  const [best, ...rest] = lists
    .filter(({ names }) => fieldPath(names) !== undefined)
    .sort((one, other) => score(other) - score(one));
  if (!best)
    throw new SpecError(
      `the answer has no list of objects${typeof body === "object" && body !== null ? `; it has ${Object.keys(body).slice(0, 20).join(", ")}` : ""}. Ask for a list with --path, or say with --records where it is.`,
    );
  return { from: fieldPath(best.names) as string, records: best.records, others: rest.map(shown) };
}

function listsIn(value: unknown, names: string[]): List[] {
  if (Array.isArray(value))
    return value.length > 0 && value.every((each) => typeof each === "object" && each !== null && !Array.isArray(each))
      ? [{ names, records: value }]
      : [];
  if (typeof value !== "object" || value === null || names.length >= maxDepth) return [];
  return Object.entries(value).flatMap(([name, member]) => listsIn(member, [...names, name]));
}

/** The path and its query. @throws SpecError where it holds a credential, or what a spec would take for a template */
export function splitPath(asked: string): { path: string; query: Record<string, string> } {
  const [path = "", text = ""] = asked.split(/\?(.*)/s);
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (looksSecret(name))
      throw new SpecError(
        `--path holds ${name}, which looks like a credential: it belongs in auth of connection.yml, by \${VARIABLE}`,
      );
    if (Object.hasOwn(query, name))
      throw new SpecError(`--path says ${name} twice: a list is written in the spec by hand`);
    query[name] = value;
  }
  if (/\{\{|\$\{/.test(asked)) throw new SpecError("--path is asked for as it stands: no {{…}} and no ${…} in it");
  return { path: path.startsWith("/") || path === "" ? path || "/" : `/${path}`, query };
}
