/** A new spec as YAML that people go on with: one line a column, comments for what was guessed. */
import { Document } from "yaml";
import type { DraftField } from "./fields.ts";

export interface Draft {
  pipeline: string;
  description: string;
  /** From the file's folder: `../../schemas/pipeline.schema.json`, or an address. Absent: no line for editors. */
  schema?: string;
  /** What it was made from, and what to look at; a line each. */
  remarks: readonly string[];
  source: readonly DraftKey[];
  fields: readonly DraftField[];
  upsert: { keys: readonly string[]; newer_by?: string };
  /** Said about the keys. */
  keyRemarks: readonly string[];
  table: string;
}

export interface DraftKey {
  key: string;
  /** Undefined: only the lines above it are there. */
  value?: unknown;
  /** Lines above it. */
  remarks?: readonly string[];
}

/** The file's text. */
export function writeDraft(draft: Draft): string {
  const { schema, source, fields, upsert, table } = draft;
  const width = Math.max(
    0,
    ...fields.filter(({ leftOut }) => leftOut === undefined).map(({ column }) => column.length),
  );
  return [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    ...comments(draft.remarks, ""),
    `pipeline: ${flow(draft.pipeline)}`,
    `description: ${flow(draft.description)}`,
    "",
    "source:",
    ...source.flatMap(({ key, value, remarks = [] }) => [
      ...comments(remarks, "  "),
      ...(value === undefined ? [] : [`  ${key}: ${flow(value)}`]),
    ]),
    "",
    "mapping:",
    ...fields.map((field) => fieldLine(field, width)),
    "",
    ...comments(draft.keyRemarks, ""),
    `upsert: ${flow(upsert)}`,
    `sink: ${flow({ table })}`,
    "",
  ].join("\n");
}

function fieldLine(field: DraftField, width: number): string {
  const { column, from, type, format, keepEmpty, validate, sensitive, note, leftOut } = field;
  const whole = {
    from,
    ...(type === "text" ? {} : { type }),
    ...(format === undefined ? {} : { format }),
    ...(keepEmpty ? { keep_empty: true } : {}),
    ...(validate === undefined ? {} : { validate, on_fail: "warn" }),
    ...(sensitive ? { sensitive: true } : {}),
  };
  const value = leftOut !== undefined && from === "" ? "" : flow(Object.keys(whole).length === 1 ? from : whole);
  if (leftOut !== undefined) return `  # ${column}: ${oneLine(value)}  # ${oneLine(leftOut)}`.replace(":   # ", ": ");
  const line = `  ${flow(column)}:${" ".repeat(width - column.length + 1)}${value}`;
  return note === undefined ? line : `${line}  # ${oneLine(note)}`;
}

function comments(lines: readonly string[], indent: string): string[] {
  return lines.map((line) => `${indent}# ${oneLine(line)}`);
}

/** A comment ends with its line: what a source calls its fields must not begin another. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

/** A value in one line of YAML. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(scalarIn).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{ ${Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => `${flow(key)}: ${scalarIn(each)}`)
      .join(", ")} }`;
  // Of its own accord the library would write it over several lines.
  if (typeof value === "string" && /[\p{Cc}\u2028\u2029]/u.test(value)) return JSON.stringify(value);
  return new Document(value).toString({ lineWidth: 0 }).trimEnd();
}

/** Within a map or a list more must be quoted than on its own: `[`, `{` and commas. */
function scalarIn(value: unknown): string {
  return typeof value === "string" && /[,[\]{}]/.test(value) && !/^["']/.test(flow(value))
    ? JSON.stringify(value)
    : flow(value);
}
