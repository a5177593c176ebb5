/** Lists of cells as records: the values of a sheet, the positional values of a report. */
import { FatalError } from "../../../errors.ts";
import { plainNames } from "../../../jsonata/index.ts";
import type { DecodeRows } from "../../../spec/types.ts";
import type { SourceReject } from "../../contract.ts";
import { namesProblem } from "../../csv-text/header.ts";
import { recordMaker } from "../../record-maker.ts";
import { type Answer, type AnswerExpression, compileOverAnswer } from "../answer.ts";

const key = "decode.rows";

interface Rows {
  records: unknown[];
  /** Rows with more cells than there are names. */
  rejects: SourceReject[];
}

/**
 * Compiles `rows`: the result gives an answer with the records that are made of its rows. Short rows are padded with
 * null, rows without any cell passed over. Throws SpecError for a bad expression; the result throws FatalError for an
 * answer whose rows or names cannot be read.
 */
export function compileRows(options: DecodeRows): (answer: Answer) => Promise<Answer> {
  const { from, names, row_number: numbered } = options;
  const rowsOf = compileFrom(from);
  const namesOf = typeof names === "string" ? compileOverAnswer(names, `${key}.names`) : undefined;
  // Names take the place of a header; there is one beside them only where the spec says so.
  const header = options.header ?? (names === undefined ? 0 : undefined);
  return async (answer) => {
    const rows = listOfRows(await rowsOf(answer), { from, shown: answer.shown });
    if (rows === undefined || rows.length === 0) return { ...answer, rows: { list: rows, from } };
    const given = namesOf ? nameList(await namesOf(answer), answer.shown) : (names as string[] | undefined);
    const written = header === undefined ? undefined : headerOf(rows, header, answer.shown);
    const columns = given ?? (written as string[]);
    const namedBy = given ? `${key}.names has` : "the header has";
    const problem = namesProblem(numbered === undefined ? columns : [...columns, numbered]);
    if (problem) {
      const at = given ? `${key}.names` : `the header (row ${(header as number) + 1})`;
      throw new FatalError(`${answer.shown}: ${at} ${problem}; name the columns in ${key}.names`);
    }
    const first = header === undefined ? 0 : header + 1;
    const { records, rejects } = readRows(rows, { first, columns, namedBy, numbered });
    return { ...answer, rows: { list: records, from }, rejects: [...(answer.rejects ?? []), ...rejects] };
  };
}

interface ReadOptions {
  /** Index of the first row with values. */
  first: number;
  columns: string[];
  namedBy: string;
  numbered: string | undefined;
}

function readRows(rows: readonly unknown[][], { first, columns, namedBy, numbered }: ReadOptions): Rows {
  const make = recordMaker<unknown>(numbered === undefined ? columns : [...columns, numbered]);
  const records: unknown[] = [];
  const rejects: SourceReject[] = [];
  for (let index = first; index < rows.length; index++) {
    const cells = rows[index] as unknown[];
    if (cells.length === 0) continue;
    const row = index + 1;
    if (cells.slice(columns.length).some((cell) => cell !== null && cell !== "")) {
      const message = `row ${row} has ${cells.length} cells, ${namedBy} ${columns.length}`;
      rejects.push({ line: row, rule: "ragged_row", message, record: { row, cells } });
      continue;
    }
    const padded: unknown[] = columns.map((_, place) => cells[place] ?? null);
    if (numbered !== undefined) padded.push(row);
    records.push(make(padded));
  }
  return { records, rejects };
}

/**
 * The rows at `from`. A path of names gives the list at its end as it stands, and one row for each list that it goes
 * through: JSONata itself would join the cells of all rows into one list.
 */
function compileFrom(from: string): (answer: Answer) => unknown {
  const evaluate: AnswerExpression = compileOverAnswer(from, `${key}.from`);
  const names = plainNames(from);
  if (!names) return evaluate;
  return ({ body }) => {
    const { found, forked } = gather([body], names);
    return forked ? found : found[0];
  };
}

/** What stands at the end of the names, and whether a list was on the way. */
function gather(start: unknown[], names: readonly string[]): { found: unknown[]; forked: boolean } {
  let forked = false;
  let found = start;
  for (const name of names) {
    found = found
      .flatMap((value) => {
        if (!Array.isArray(value)) return [value];
        forked = true;
        return value.flat(Infinity) as unknown[];
      })
      .flatMap((value) => {
        const holds = typeof value === "object" && value !== null && Object.hasOwn(value, name);
        const below = holds ? (value as Record<string, unknown>)[name] : undefined;
        return below === undefined ? [] : [below];
      });
  }
  return { found, forked };
}

/** A list of lists; a list without any list in it is one row, as single elements of XML and JSONata are. */
function listOfRows(value: unknown, { from, shown }: { from: string; shown: string }): unknown[][] | undefined {
  if (value === undefined || value === null) return undefined;
  const wrong = (what: string): FatalError =>
    new FatalError(`${shown}: ${key}.from (${from}) must give a list of rows, each a list of cells, but ${what}`);
  if (!Array.isArray(value)) throw wrong(`gives ${kindOf(value)}`);
  // A sequence of JSONata has more properties: only its elements count.
  const rows = [...(value as unknown[])];
  if (rows.length > 0 && rows.every((row) => typeof row !== "object" || row === null)) return [rows];
  const odd = rows.findIndex((row) => !Array.isArray(row));
  if (odd !== -1) throw wrong(`row ${odd + 1} is ${kindOf(rows[odd])}`);
  return rows as unknown[][];
}

function headerOf(rows: readonly unknown[][], header: number, shown: string): string[] {
  const cells = rows[header];
  if (cells === undefined)
    throw new FatalError(
      `${shown}: ${key}.header is ${header}, the row with that index (from 0), but there are only ${rows.length} rows`,
    );
  return cells.map(cellText);
}

function nameList(value: unknown, shown: string): string[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  const names = list.map(cellText);
  if (value !== undefined && names.length > 0) return names;
  throw new FatalError(`${shown}: there is nothing at ${key}.names`);
}

function cellText(cell: unknown): string {
  return typeof cell === "string"
    ? cell.trim()
    : typeof cell === "number" || typeof cell === "boolean"
      ? String(cell)
      : "";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a map" : `a ${typeof value === "string" ? "text" : typeof value}`;
}
