import { describe, expect, it } from "vitest";
import { FatalError, SpecError, TransientError } from "../../src/errors.ts";
import { rejection, serve } from "../http/server.ts";
import { failure, readBody, recordsIn, send } from "./decode-support.ts";
import { openApi, readPages, recordsOf } from "./harness.ts";

const people = [
  { id: "007", name: "Ann" },
  { id: "9223372036854775807", name: "Bob, é" },
];
const text = 'id,name\n007,Ann\n9223372036854775807,"Bob, é"\n';

describe("a CSV body", () => {
  it.each<[string, unknown, string | Uint8Array, unknown[], Record<string, string>?]>([
    ["by its name alone", "csv", text, people],
    ["without a last newline, with CRLF", "csv", text.trimEnd().replaceAll("\n", "\r\n"), people],
    ["with a byte order mark", "csv", `\ufeff${text}`, people],
    ["a header and nothing else", "csv", "id,name\n", []],
    ["blanks around the header's names", "csv", "id, name \n1,A\n", [{ id: "1", name: "A" }]],
    ["texts stay texts", "csv", "a,b,c\n1.10,true,\n", [{ a: "1.10", b: "true", c: "" }]],
    ["line breaks in quotes", "csv", 'a,b\n"1\n2","x ""y"""\n', [{ a: "1\n2", b: 'x "y"' }]],
    ["delimiter and quote", { csv: { delimiter: ";", quote: "'" } }, "a;b\n'1;2';3\n", [{ a: "1;2", b: "3" }]],
    ["no quotes", { csv: { quote: false } }, 'a,b\n1"2,"\n', [{ a: '1"2', b: '"' }]],
    ["an escape", { csv: { escape: "\\" } }, 'a\n"1\\"2"\n', [{ a: '1"2' }]],
    ["tabs", { csv: { delimiter: "\t" } }, "a\tb\n1\t2\n", [{ a: "1", b: "2" }]],
    ["lines to skip, and comments", { csv: { skip_lines: 1, comment: "#" } }, "Report\na\n# x\n1\n", [{ a: "1" }]],
    [
      "no header",
      { csv: { header: false, columns: ["a", "b"] } },
      "1,2\n3,4\n",
      [
        { a: "1", b: "2" },
        { a: "3", b: "4" },
      ],
    ],
    ["a header that is replaced", { csv: { columns: ["a", "b"] } }, "x,x\n1,2\n", [{ a: "1", b: "2" }]],
    [
      "names of the language",
      "csv",
      "__proto__,constructor\n1,2\n",
      [JSON.parse('{"__proto__":"1","constructor":"2"}')],
    ],
    [
      "in the content type's charset",
      "csv",
      Buffer.from("n\ncafé\n", "latin1"),
      [{ n: "café" }],
      { "content-type": "text/csv; charset=iso-8859-1" },
    ],
    [
      "in the spec's encoding",
      { csv: { encoding: "windows-1252" } },
      Buffer.from([0x6e, 10, 0x80]),
      [{ n: "€" }],
      { "content-type": "text/csv" },
    ],
    ["in UTF-16 with a byte order mark", "csv", Buffer.from("\ufeffn\né\n", "utf16le"), [{ n: "é" }]],
    [
      "in a charset that csv files cannot have",
      "csv",
      Buffer.from([0x6e, 10, 0x82, 0xa0]),
      [{ n: "あ" }],
      { "content-type": "text/csv; charset=shift_jis" },
    ],
  ])("%s", async (_name, decode, body, expected, headers = {}) => {
    expect(await recordsIn({ decode }, body, { headers })).toEqual(expected);
  });

  it("gives lines that cannot be read as rejects", async () => {
    const body = Buffer.concat([
      Buffer.from('id,name\n1,A,x\n2\n3,C\n4,"D"e\n5,'),
      Buffer.from([0xe9]),
      Buffer.from("\n"),
    ]);
    const { records, rejects, lines } = await readBody({ decode: "csv" }, body);
    expect(records).toEqual([{ id: "3", name: "C" }]);
    expect(rejects).toEqual([
      {
        line: 2,
        rule: "ragged_row",
        message: "line 2 has 3 fields, the header has 2",
        record: { line: 2, fields: ["1", "A", "x"] },
      },
      {
        line: 3,
        rule: "ragged_row",
        message: "line 3 has 1 field, the header has 2",
        record: { line: 3, fields: ["2"] },
      },
      expect.objectContaining({ line: 5, rule: "bad_quote", record: { line: 5, text: '4,"D"e' } }),
      expect.objectContaining({ line: 6, rule: "bad_encoding", record: { line: 6, fields: ["5", "\\xE9"] } }),
    ]);
    expect(lines.filter((line) => line.startsWith("warn"))).toEqual([]);
  });

  it("has a header of its own on each page", async () => {
    const server = await serve((request, response) =>
      request.query.get("locator") === "2"
        ? send(response, "name,id\nBob,2\nCid,3\n", { headers: { "sforce-locator": "null" } })
        : send(response, "id,name\n1,Ann\n", { headers: { "sforce-locator": "2" } }),
    );
    const pagination = { type: "cursor", header: "Sforce-Locator", none: "null", send_as: "query.locator" };
    const { source } = await openApi(server.url, { decode: "csv", records: "$", pagination });
    expect(recordsOf(await readPages(source))).toEqual([
      { id: "1", name: "Ann" },
      { name: "Bob", id: "2" },
      { name: "Cid", id: "3" },
    ]);
    expect(server.seen.map(({ url }) => url)).toEqual(["/items", "/items?locator=2"]);
  });

  it("has a header on the first page alone, where the spec says so", async () => {
    const server = await serve((request, response) => {
      const page = Number(request.query.get("page"));
      send(response, page === 1 ? "id, name\n1,Ann\n" : page === 2 ? "2,Bob\n" : "");
    });
    const { source } = await openApi(server.url, {
      decode: { csv: { header: "first_page", columns: ["id", "name"] } },
      records: { from: "$", missing: "empty" },
      pagination: { type: "page", send_as: "query.page" },
    });
    expect(recordsOf(await readPages(source))).toEqual([
      { id: "1", name: "Ann" },
      { id: "2", name: "Bob" },
    ]);
  });

  it.each<[string, unknown, string, RegExp]>([
    [
      "a JSON error with status 200",
      "csv",
      '{"error":"quota spent"}',
      /answered 200: "quota spent", where CSV was expected$/,
    ],
    [
      "a page to sign in",
      "csv",
      "<!doctype html><title>Sign in</title>",
      /an HTML page titled "Sign in", where CSV was expected$/,
    ],
    [
      "an XML error",
      "csv",
      '<?xml version="1.0"?><Error><Code>Expired</Code></Error>',
      /Expired.*where CSV was expected$/,
    ],
    ["nothing", "csv", "", /nothing at records \(\$\): the body is empty/],
    [
      "less than skip_lines leaves out",
      { csv: { skip_lines: 5 } },
      "a\n1\n",
      /is empty after the lines that skip_lines leaves out/,
    ],
    [
      "a header with one name twice",
      "csv",
      "a,b,a\n1,2,3\n",
      /the header \(line 1\) names columns 1 and 3 both "a"; name the columns in source\.decode\.csv\.columns/,
    ],
    ["a header with no name", "csv", "a,\n1,2\n", /the header \(line 1\) has no name for column 2/],
    [
      "columns that are not as many",
      { csv: { columns: ["a"] } },
      "a,b\n1,2\n",
      /has 2 fields, but source\.decode\.csv\.columns names 1/,
    ],
  ])("never comes from %s", async (name, decode, body, message) => {
    const error = await failure({ decode }, body);
    expect(error.message).toMatch(message);
    expect(error).toBeInstanceOf(name === "columns that are not as many" ? SpecError : FatalError);
  });

  it("that stops inside quotes was cut, and is asked for again", async () => {
    const server = await serve((_request, response, index) => send(response, index === 0 ? 'a\n"1' : 'a\n"1"\n'));
    const { source, metrics } = await openApi(server.url, { decode: "csv", records: "$" });
    expect(recordsOf(await readPages(source))).toEqual([{ a: "1" }]);
    expect(metrics).toMatchObject({ retries: 1, recovered: 1 });
    const error = await failure({ decode: "csv" }, 'a\n"1');
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(/the quote that opens on line 2 is never closed/);
  });

  it("a first line that begins like JSON is a header all the same", async () => {
    expect(await recordsIn({ decode: "csv" }, "[id],{name}\n1,A\n")).toEqual([{ "[id]": "1", "{name}": "A" }]);
  });

  it("errors of the API are JSON, and rules can read them", async () => {
    const server = await serve((_request, response, index) =>
      index === 0 ? send(response, '{"code":"NOT_READY"}', { status: 400 }) : send(response, "a\n1\n"),
    );
    const responses = [{ when: "$status = 400 and code = 'NOT_READY'", do: "retry" }];
    const { source } = await openApi(server.url, { decode: "csv", records: "$", responses });
    expect(recordsOf(await readPages(source))).toEqual([{ a: "1" }]);
  });

  it("options that no text can be read with are refused", async () => {
    const server = await serve((_request, response) => send(response, "a\n"));
    for (const csv of [{ header: false }, { delimiter: "\n" }, { delimiter: '"x' }]) {
      const { source } = await openApi(server.url, { decode: { csv }, records: "$" });
      expect(await rejection(readPages(source))).toBeInstanceOf(SpecError);
    }
    expect(server.seen).toEqual([]);
  });

  it("what is not UTF-8 in a header stops the read", async () => {
    const error = await failure({ decode: "csv" }, Buffer.from([0xe9, 10, 0x31, 10]));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(/has bytes that are not in the file's encoding/);
  });
});
