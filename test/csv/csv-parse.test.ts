/** The reader against csv-parse, wherever that one is right, on texts of all shapes in pieces of all sizes. */
import { Parser } from "csv-parse";
import fc from "fast-check";
import { expect, test } from "vitest";
import { dialectOf } from "../../src/sources/csv-text/dialect.ts";
import { RecordReader } from "../../src/sources/csv-text/record-reader.ts";
import type { CsvSource } from "../../src/spec/types.ts";
import { csvSpec } from "./support.ts";

interface Row {
  line: number;
  fields: string[];
}

function ours(text: string, keys: Partial<CsvSource>, cuts: number[]): Row[] {
  const reader = new RecordReader("data.csv", dialectOf(csvSpec({ header: false, columns: ["a"], ...keys })));
  const rows: Row[] = [];
  const take = (): void => {
    while (reader.next()) {
      expect(reader.problem).toBeUndefined();
      rows.push({ line: reader.line, fields: reader.fields.slice(0, reader.count) });
    }
  };
  let from = 0;
  for (const cut of [
    ...cuts.map((part) => part % (text.length + 1)).sort((left, right) => left - right),
    text.length,
  ]) {
    reader.push({ text: text.slice(from, cut), wellFormed: true });
    take();
    from = cut;
  }
  reader.end();
  take();
  return rows;
}

async function theirs(text: string, newline: string, options: object): Promise<string[][]> {
  const parser = new Parser({
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: [newline],
    ...options,
  });
  parser.end(text);
  return Array.fromAsync(parser);
}

const field = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "1,5",
    'say "no"',
    '"',
    "x\ny",
    "x\r\ny",
    "\n",
    "#",
    "||",
    "|",
    "\\",
    'C:\\"x"\\',
    "é€😀",
    " ",
  ),
  fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "|", "\\", "é", " ", "#"), maxLength: 12 }),
);
const file = fc.record({
  rows: fc.array(fc.record({ fields: fc.array(field, { minLength: 1, maxLength: 5 }), blanksAfter: fc.nat(2) }), {
    maxLength: 12,
  }),
  newline: fc.constantFrom("\n", "\r\n"),
  quoteAll: fc.boolean(),
  endsWithNewline: fc.boolean(),
  delimiter: fc.constantFrom(",", "||", "\t"),
  cuts: fc.array(fc.nat(), { maxLength: 20 }),
});

test("the same fields as csv-parse, and the lines they were written on", async () => {
  await fc.assert(
    fc.asyncProperty(file, async ({ rows, newline, quoteAll, endsWithNewline, delimiter, cuts }) => {
      let text = "";
      let line = 1;
      const written: Row[] = [];
      for (const { fields, blanksAfter } of rows) {
        // A newline inside quotes is one of the file's own kind: the lines are then those that an editor counts.
        const own = fields.map((value) => value.replaceAll("\r\n", "\n").replaceAll("\n", newline));
        const quoted = own.map((value) =>
          quoteAll || value === "" || /[",\r\n|\t#]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value,
        );
        written.push({ line, fields: own });
        text += quoted.join(delimiter) + newline.repeat(1 + blanksAfter);
        line += 1 + blanksAfter + own.reduce((lines, value) => lines + value.split("\n").length - 1, 0);
      }
      if (!endsWithNewline) text = text.slice(0, text.length - newline.length);
      const read = ours(text, { delimiter, comment: "#" }, cuts);
      expect(read).toEqual(written);
      expect(read.map((row) => row.fields)).toEqual(
        await theirs(text, newline, { delimiter, comment: "#", comment_no_infix: true }),
      );
    }),
    { numRuns: 400 },
  );
});

test("any text at all, in any pieces, is read as it is in one piece", () => {
  const any = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", "\r\n", "\\", "#", "|"), maxLength: 60 });
  const outcome = (text: string, keys: Partial<CsvSource>, cuts: number[]): unknown => {
    const reader = new RecordReader("data.csv", dialectOf(csvSpec({ header: false, columns: ["a"], ...keys })));
    const seen: unknown[] = [];
    let from = 0;
    try {
      for (const cut of [
        ...cuts.map((part) => part % (text.length + 1)).sort((left, right) => left - right),
        text.length,
      ]) {
        reader.push({ text: text.slice(from, cut), wellFormed: true });
        while (reader.next())
          seen.push([reader.line, reader.fields.slice(0, reader.count), reader.problem, reader.raw]);
        from = cut;
      }
      reader.end();
      while (reader.next()) seen.push([reader.line, reader.fields.slice(0, reader.count), reader.problem, reader.raw]);
    } catch (error) {
      seen.push(String(error));
    }
    return seen;
  };
  const dialects = fc.constantFrom<Partial<CsvSource>>(
    {},
    { escape: "\\" },
    { quote: false },
    { delimiter: "||" },
    { comment: "#" },
    { skip_lines: 2 },
  );
  fc.assert(
    fc.property(any, dialects, fc.array(fc.nat(), { minLength: 1, maxLength: 30 }), (text, keys, cuts) => {
      expect(outcome(text, keys, cuts)).toEqual(outcome(text, keys, []));
    }),
    { numRuns: 2_000 },
  );
});
