import { describe, expect, test } from "vitest";
import { FatalError, SpecError } from "../../src/errors.ts";
import type { CsvSource } from "../../src/spec/types.ts";
import { openCsv, readText } from "./support.ts";

interface Case {
  name: string;
  text: string;
  spec?: Partial<CsvSource>;
  records: Record<string, string>[];
  lines: number[];
}

const cases: Case[] = [
  {
    name: "header and rows",
    text: "a,b\n1,x\n2,y\n",
    records: [
      { a: "1", b: "x" },
      { a: "2", b: "y" },
    ],
    lines: [2, 3],
  },
  { name: "no newline at the end", text: "a,b\n1,x", records: [{ a: "1", b: "x" }], lines: [2] },
  { name: "an empty last field without a newline", text: "a,b\n1,", records: [{ a: "1", b: "" }], lines: [2] },
  { name: "a header alone", text: "a,b\n", records: [], lines: [] },
  { name: "a header alone, without a newline", text: "a,b", records: [], lines: [] },
  {
    name: "CRLF",
    text: "a,b\r\n1,x\r\n2,y\r\n",
    records: [
      { a: "1", b: "x" },
      { a: "2", b: "y" },
    ],
    lines: [2, 3],
  },
  {
    name: "CRLF and LF mixed",
    text: "a,b\r\n1,x\n2,y\r\n",
    records: [
      { a: "1", b: "x" },
      { a: "2", b: "y" },
    ],
    lines: [2, 3],
  },
  {
    name: "CR alone",
    text: "a,b\r1,x\r2,y\r",
    records: [
      { a: "1", b: "x" },
      { a: "2", b: "y" },
    ],
    lines: [2, 3],
  },
  { name: "CR in a file of LF is text", text: "a,b\n1,x\ry\n", records: [{ a: "1", b: "x\ry" }], lines: [2] },
  { name: "LF in a file of CR is text", text: "a,b\r1,x\ny\r", records: [{ a: "1", b: "x\ny" }], lines: [2] },
  {
    name: "quoted newlines, and the lines after them",
    text: 'a,b\n1,"x\ny\n"\n2,z\n',
    records: [
      { a: "1", b: "x\ny\n" },
      { a: "2", b: "z" },
    ],
    lines: [2, 5],
  },
  {
    name: "quoted CRLF, and the lines after it",
    text: 'a,b\r\n1,"x\r\ny"\r\n2,z\r\n',
    records: [
      { a: "1", b: "x\r\ny" },
      { a: "2", b: "z" },
    ],
    lines: [2, 4],
  },
  {
    name: "quoted delimiters and doubled quotes",
    text: 'a,b\n"1,5","say ""no"""\n',
    records: [{ a: "1,5", b: 'say "no"' }],
    lines: [2],
  },
  { name: "empty quotes", text: 'a,b\n"",""\n', records: [{ a: "", b: "" }], lines: [2] },
  { name: "empty quotes at the very end", text: 'a,b\n1,""', records: [{ a: "1", b: "" }], lines: [2] },
  {
    name: "a quote inside an unquoted field is text",
    text: 'a,b\n5" pipe,x\n',
    records: [{ a: '5" pipe', b: "x" }],
    lines: [2],
  },
  { name: "blanks are kept", text: "a,b\n 1 ,  \n", records: [{ a: " 1 ", b: "  " }], lines: [2] },
  { name: "blank lines are passed over", text: "\na,b\n\n\n1,x\n\n", records: [{ a: "1", b: "x" }], lines: [5] },
  {
    name: "blank CRLF lines are passed over",
    text: "a,b\r\n\r\n1,x\r\n\r\n",
    records: [{ a: "1", b: "x" }],
    lines: [3],
  },
  {
    name: "a quoted empty field is no blank line",
    text: 'a\n""\n\nx\n',
    records: [{ a: "" }, { a: "x" }],
    lines: [2, 4],
  },
  { name: "semicolons", spec: { delimiter: ";" }, text: "a;b\n1,5;x\n", records: [{ a: "1,5", b: "x" }], lines: [2] },
  { name: "tabs", spec: { delimiter: "\t" }, text: "a\tb\n1\tx\n", records: [{ a: "1", b: "x" }], lines: [2] },
  {
    name: "tabs written as backslash t",
    spec: { delimiter: "\\t" },
    text: "a\tb\n1\tx\n",
    records: [{ a: "1", b: "x" }],
    lines: [2],
  },
  {
    name: "a delimiter of several characters",
    spec: { delimiter: "||" },
    text: 'a||b\n1|2||"x||y"\n|||z\n',
    records: [
      { a: "1|2", b: "x||y" },
      { a: "", b: "|z" },
    ],
    lines: [2, 3],
  },
  {
    name: "another quote",
    spec: { quote: "'" },
    text: `a,b\n'1,''5''',"x"\n`,
    records: [{ a: "1,'5'", b: '"x"' }],
    lines: [2],
  },
  { name: "no quotes", spec: { quote: false }, text: 'a,b\n"1,x"\n', records: [{ a: '"1', b: 'x"' }], lines: [2] },
  {
    name: "backslash before a quote and itself",
    spec: { escape: "\\" },
    text: 'a,b\n"say \\"no\\"","C:\\new\\\\"\n',
    records: [{ a: 'say "no"', b: "C:\\new\\" }],
    lines: [2],
  },
  {
    name: "backslash and doubled quotes in one file",
    spec: { escape: "\\" },
    text: 'a,b\n"x""y","\\"\n"\n2,z',
    records: [
      { a: 'x"y', b: '"\n' },
      { a: "2", b: "z" },
    ],
    lines: [2, 4],
  },
  {
    name: "backslash outside quotes is text",
    spec: { escape: "\\" },
    text: "a,b\nx\\,y\n",
    records: [{ a: "x\\", b: "y" }],
    lines: [2],
  },
  {
    name: "skipped lines",
    spec: { skip_lines: 2 },
    text: 'Report "1\n\na,b\n1,x\n',
    records: [{ a: "1", b: "x" }],
    lines: [4],
  },
  {
    name: "comments, before the header too",
    spec: { comment: "#" },
    text: '# it\'s "\na,b\n#1,x\n2,y#\n"#3",z\n#end',
    records: [
      { a: "2", b: "y#" },
      { a: "#3", b: "z" },
    ],
    lines: [4, 5],
  },
  {
    name: "a comment sign of several characters",
    spec: { comment: "//" },
    text: "a\n//x\n/y\n",
    records: [{ a: "/y" }],
    lines: [3],
  },
  {
    name: "column names where there is no header",
    spec: { header: false, columns: ["a", "b"] },
    text: "1,x\n",
    records: [{ a: "1", b: "x" }],
    lines: [1],
  },
  { name: "no header, no line", spec: { header: false, columns: ["a", "b"] }, text: "", records: [], lines: [] },
  {
    name: "column names in place of the header's",
    spec: { columns: ["a", "b"] },
    text: "A,A\n1,x\n",
    records: [{ a: "1", b: "x" }],
    lines: [2],
  },
  { name: "blanks around header names", text: 'a, b," c"\n1,x,y\n', records: [{ a: "1", b: "x", c: "y" }], lines: [2] },
  { name: "a quoted header with a newline", text: '"a\nb",c\n1,x\n', records: [{ "a\nb": "1", c: "x" }], lines: [3] },
  {
    name: "a header in a file with a byte order mark",
    text: '\uFEFF"a",b\n1,\uFEFFx\n',
    records: [{ a: "1", b: "\uFEFFx" }],
    lines: [2],
  },
];

describe("what a file says", () => {
  test.each(cases)("$name", async ({ text, spec, records, lines }) => {
    const read = await readText(text, spec);
    expect(read.rejects).toEqual([]);
    expect(read.records).toEqual(records);
    expect(read.lines).toEqual(lines);
    expect(read.pages.map((page) => page.last)).toEqual([true]);
  });

  test("columns named like parts of an object", async () => {
    const names = ["__proto__", "constructor", "toString", "2", "1", 'a"b', "a\\b", "${x}", "a\u2028b"];
    const header = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(",");
    const { records } = await readText(`${header}\n${names.map((_, index) => index).join(",")}\n`);
    expect(records).toHaveLength(1);
    const record = records[0] as Record<string, string>;
    expect(Object.keys(record).sort()).toEqual([...names].sort());
    expect(names.map((name) => Object.getOwnPropertyDescriptor(record, name)?.value)).toEqual(
      names.map((_, index) => String(index)),
    );
  });
});

const rejected: { name: string; text: string; spec?: Partial<CsvSource>; records: unknown[]; rejects: unknown[] }[] = [
  {
    name: "too few and too many fields",
    text: "a,b,c\n1,2\n1,2,3\n\n1,2,3,4\n",
    records: [{ a: "1", b: "2", c: "3" }],
    rejects: [
      {
        line: 2,
        rule: "ragged_row",
        message: "line 2 has 2 fields, the header has 3",
        record: { line: 2, fields: ["1", "2"] },
      },
      {
        line: 5,
        rule: "ragged_row",
        message: "line 5 has 4 fields, the header has 3",
        record: { line: 5, fields: ["1", "2", "3", "4"] },
      },
    ],
  },
  {
    name: "a ragged row where the spec names the columns",
    text: "1\n",
    spec: { header: false, columns: ["a", "b"] },
    records: [],
    rejects: [
      {
        line: 1,
        rule: "ragged_row",
        message: "line 1 has 1 field, source.columns names 2",
        record: { line: 1, fields: ["1"] },
      },
    ],
  },
  {
    name: "text after a closing quote costs that record only",
    text: 'a,b\r\n1,"x"y\r\n2,z\r\n',
    records: [{ a: "2", b: "z" }],
    rejects: [
      {
        line: 2,
        rule: "bad_quote",
        message:
          'line 2: column "b" goes on after its closing quote; double the quotes that belong to the text, or write quote: false in the source if the file does not quote',
        record: { line: 2, text: '1,"x"y' },
      },
    ],
  },
  {
    name: "an unclosed quote that a later one closes",
    text: 'a,b\n1,"x\n2,"y"\n3,z\n',
    records: [{ a: "3", b: "z" }],
    rejects: [expect.objectContaining({ line: 2, rule: "bad_quote", record: { line: 2, text: '1,"x\n2,"y"' } })],
  },
];

test.each(rejected)("rejects: $name", async ({ text, spec, records, rejects }) => {
  const read = await readText(text, spec);
  expect(read.rejects).toEqual(rejects);
  expect(read.records).toEqual(records);
});

const refused: {
  name: string;
  text: string;
  spec?: Partial<CsvSource>;
  error: typeof FatalError | typeof SpecError;
  message: string;
}[] = [
  {
    name: "an empty file",
    text: "",
    error: FatalError,
    message:
      "data.csv is empty: a header line was expected; is the file complete? Without a header it takes header: false and columns",
  },
  {
    name: "nothing after the skipped lines",
    text: "x\n",
    spec: { skip_lines: 3 },
    error: FatalError,
    message:
      "data.csv is empty after the 3 lines that skip_lines leaves out: a header line was expected; is the file complete? Without a header it takes header: false and columns",
  },
  {
    name: "a name twice",
    text: "a,b,a\n",
    error: FatalError,
    message: 'data.csv: the header (line 1) names columns 1 and 3 both "a"; name the columns in source.columns',
  },
  {
    name: "a column without a name",
    text: "a,,c\n",
    error: FatalError,
    message: "data.csv: the header (line 1) has no name for column 2; name the columns in source.columns",
  },
  {
    name: "another number of columns than the spec's",
    text: "a,b\n",
    spec: { columns: ["a"] },
    error: SpecError,
    message: "data.csv: the header (line 1) has 2 fields, but source.columns names 1",
  },
  {
    name: "a quote that is never closed",
    text: 'a,b\n1,2\n3,"x\ny","z\n4,5\n6,7\n',
    error: FatalError,
    message:
      "data.csv: the quote that opens on line 4 is never closed. Close it, double the quotes that belong to the text, or write quote: false in the source if the file does not quote.",
  },
  {
    name: "a quote that is not closed within 16 MB",
    text: `a,b\n1,2\n3,"x\n${"4,5\n".repeat(4.5 * 1024 * 1024)}`,
    error: FatalError,
    message:
      "data.csv: the quote that opens on line 3 is not closed within 16 MB. Close it, double the quotes that belong to the text, or write quote: false in the source if the file does not quote.",
  },
  {
    name: "a record of more than 16 MB",
    text: `a\nx\n${"y".repeat(16 * 1024 * 1024)}\n`,
    error: FatalError,
    message:
      'data.csv: the record that starts on line 3 is longer than 16 MB (it begins "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"). Are delimiter, quote and encoding in the source those of the file?',
  },
];

test.each(refused)("refuses: $name", async ({ text, spec, error, message }) => {
  const thrown = await readText(text, spec).catch((caught: unknown) => caught);
  expect(thrown).toBeInstanceOf(error);
  expect((thrown as Error).message).toBe(message);
});

const impossible: { spec: Partial<CsvSource>; message: string }[] = [
  { spec: { path: "a.csv", url: "http://localhost/a.csv" }, message: "a csv source needs one of path and url" },
  { spec: {}, message: "a csv source needs one of path and url" },
  {
    spec: { path: "a.csv", header: false },
    message: "source.header is false and there are no columns; name them in source.columns",
  },
  {
    spec: { path: "a.csv", quote: "<<" },
    message: 'source.quote is "<<", but takes one character; false means that the files do not quote',
  },
  {
    spec: { path: "a.csv", escape: "" },
    message: 'source.escape is "", but takes one character; write the quote character where quotes are doubled',
  },
  { spec: { path: "a.csv", delimiter: '"' }, message: "source.delimiter begins with the quote character" },
  { spec: { path: "a.csv", delimiter: "\n" }, message: "source.delimiter may not contain a line break" },
  { spec: { path: "a.csv", columns: ["a", "b", "a"] }, message: 'source.columns names columns 1 and 3 both "a"' },
];

test.each(impossible)("no file can be read with $spec", async ({ spec, message }) => {
  await expect(openCsv(spec)).rejects.toThrow(new SpecError(message));
});

test("a record of just 16 MB is read", async () => {
  const long = "y".repeat(16 * 1024 * 1024 - 3);
  const { records, lines } = await readText(`a\n"${long}"\nz\n`);
  expect((records[0] as { a: string }).a === long).toBe(true);
  expect(records[1]).toEqual({ a: "z" });
  expect(lines).toEqual([2, 3]);
});
