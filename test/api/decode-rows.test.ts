import { describe, expect, it } from "vitest";
import { FatalError, SpecError } from "../../src/errors.ts";
import { json, rejection, serve } from "../http/server.ts";
import { failure, readBody, recordsIn, send } from "./decode-support.ts";
import { openApi, readPages, recordsOf } from "./harness.ts";

const recordsFrom = (rows: unknown, body: unknown): Promise<unknown[]> =>
  recordsIn({ decode: typeof rows === "string" ? rows : { rows } }, JSON.stringify(body));

describe("rows of cells", () => {
  it.each<[string, unknown, unknown, unknown[]]>([
    [
      "the body itself, its first row the header",
      "rows",
      [
        ["a", "b"],
        [1, "x"],
      ],
      [{ a: 1, b: "x" }],
    ],
    ["below a path", { from: "values" }, { values: [["a"], [1], [2]] }, [{ a: 1 }, { a: 2 }]],
    [
      "by an expression",
      { from: "sheets[name='x'].values" },
      {
        sheets: [
          {
            name: "x",
            values: [
              ["a", "b"],
              [1, 2],
            ],
          },
        ],
      },
      [{ a: 1, b: 2 }],
    ],
    [
      "short rows are filled up",
      { from: "$" },
      [["a", "b", "c"], [1], [1, null, 3]],
      [
        { a: 1, b: null, c: null },
        { a: 1, b: null, c: 3 },
      ],
    ],
    [
      "rows without cells are passed over",
      { from: "$", row_number: "row" },
      [["a"], [], [1], [""]],
      [
        { a: 1, row: 3 },
        { a: "", row: 4 },
      ],
    ],
    ["empty cells beyond the header are nothing", "rows", [["a"], [1, "", null]], [{ a: 1 }]],
    ["a header further down", { header: 2, row_number: "n" }, [["Report"], [], ["a"], [1]], [{ a: 1, n: 4 }]],
    [
      "a header of numbers",
      "rows",
      [
        [2023, 2024, true],
        [1, 2, 3],
      ],
      [{ "2023": 1, "2024": 2, true: 3 }],
    ],
    ["blanks around names", "rows", [[" a "], [1]], [{ a: 1 }]],
    [
      "names and no header",
      { names: ["a", "b"], row_number: "n" },
      [
        [1, 2],
        [3, 4],
      ],
      [
        { a: 1, b: 2, n: 1 },
        { a: 3, b: 4, n: 2 },
      ],
    ],
    [
      "names in a header's place",
      { header: 0, names: ["a", "b"] },
      [
        ["x", "x"],
        [1, 2],
      ],
      [{ a: 1, b: 2 }],
    ],
    [
      "names from the body",
      { from: "data", names: "columns.label" },
      { columns: [{ label: "a" }, { label: "b" }], data: [[1, 2]] },
      [{ a: 1, b: 2 }],
    ],
    [
      "one name from the body",
      { from: "data", names: "columns.label" },
      { columns: [{ label: "a" }], data: [[1], [2]] },
      [{ a: 1 }, { a: 2 }],
    ],
    ["cells of any kind", { names: ["a", "b"] }, [[{ x: 1 }, [1, 2]]], [{ a: { x: 1 }, b: [1, 2] }]],
    [
      "through a list",
      { from: "items.cells", names: ["a", "b"] },
      { items: [{ cells: [1, 2] }, { cells: [3, 4] }] },
      [
        { a: 1, b: 2 },
        { a: 3, b: 4 },
      ],
    ],
    [
      "through a list of one",
      { from: "items.cells", names: ["a", "b"] },
      { items: [{ cells: [1, 2] }] },
      [{ a: 1, b: 2 }],
    ],
    ["through an empty list", { from: "items.cells", names: ["a", "b"] }, { items: [] }, []],
    [
      "one row that is no list of rows",
      { from: "item.cells", names: ["a", "b"] },
      { item: { cells: [1, 2] } },
      [{ a: 1, b: 2 }],
    ],
    ["a header and nothing else", "rows", [["a"]], []],
    ["no rows at all", "rows", [], []],
  ])("%s", async (_name, rows, body, expected) => expect(await recordsFrom(rows, body)).toEqual(expected));

  it("every digit is kept", async () => {
    expect(await recordsIn({ decode: "rows" }, '[["id"],[9223372036854775807],[12]]')).toEqual([
      { id: "9223372036854775807" },
      { id: 12 },
    ]);
  });

  it("rows that are too long are rejects", async () => {
    const { records, rejects } = await readBody({ decode: "rows" }, JSON.stringify([["a"], [1], [2, "x"], [], [3, 0]]));
    expect(records).toEqual([{ a: 1 }]);
    expect(rejects).toEqual([
      {
        line: 3,
        rule: "ragged_row",
        message: "row 3 has 2 cells, the header has 1",
        record: { row: 3, cells: [2, "x"] },
      },
      {
        line: 5,
        rule: "ragged_row",
        message: "row 5 has 2 cells, the header has 1",
        record: { row: 5, cells: [3, 0] },
      },
    ]);
  });

  it.each<[string, unknown, unknown, RegExp]>([
    [
      "a header cell that is empty",
      "rows",
      [["a", "", "c"], [1]],
      /the header \(row 1\) has no name for column 2; name the columns in decode\.rows\.names/,
    ],
    ["a name twice", { header: 1 }, [[], ["a", "b", "a"]], /the header \(row 2\) names columns 1 and 3 both "a"/],
    [
      "a name like row_number",
      { row_number: "a" },
      [["a"], [1]],
      /the header \(row 1\) names columns 1 and 2 both "a"/,
    ],
    [
      "names twice in the body",
      { from: "data", names: "names" },
      { names: ["a", "a"], data: [[1, 2]] },
      /decode\.rows\.names names columns 1 and 2 both "a"/,
    ],
    [
      "names that are not there",
      { from: "data", names: "names" },
      { data: [[1]] },
      /there is nothing at decode\.rows\.names/,
    ],
    [
      "a header that is not there",
      { header: 3 },
      [["a"], [1]],
      /decode\.rows\.header is 3, .*but there are only 2 rows/,
    ],
    [
      "rows that are maps",
      "rows",
      [{ a: 1 }],
      /decode\.rows\.from \(\$\) must give a list of rows, each a list of cells, but row 1 is a map/,
    ],
    ["rows of two kinds", "rows", [["a"], "x"], /but row 2 is a text/],
    ["a map", { from: "values" }, { values: { a: 1 } }, /but gives a map/],
    [
      "an error with status 200",
      { from: "values" },
      { error: { message: "quota spent" } },
      /there is nothing at decode\.rows\.from \(values\): the body has error, and says "quota spent"/,
    ],
  ])("%s stops the read", async (_name, rows, body, message) => {
    const error = await failure({ decode: typeof rows === "string" ? rows : { rows } }, JSON.stringify(body));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(message);
  });

  it("a bad expression is a mistake in the spec", async () => {
    const { source } = await openApi("http://127.0.0.1:1", { decode: { rows: { from: "values[" } }, records: "$" });
    const error = await rejection(readPages(source));
    expect(error).toBeInstanceOf(SpecError);
    expect(error.message).toMatch(/^decode\.rows\.from \(values\[\)/);
  });

  it("rules and pagination see the body, records the rows", async () => {
    const server = await serve((request, response, index) => {
      if (index === 0) return json(response, { error: { status: "UNAVAILABLE" } }, { status: 400 });
      const token = request.query.get("token");
      return json(response, token ? { values: [["id"], [3]] } : { values: [["id"], [1], [2]], next: "t1" });
    });
    const { source } = await openApi(server.url, {
      decode: { rows: { from: "values" } },
      records: "$[id > 1]",
      pagination: { type: "cursor", cursor: "next", send_as: "query.token" },
      responses: [{ when: "$status = 400 and error.status = 'UNAVAILABLE'", do: "retry" }],
    });
    expect(recordsOf(await readPages(source))).toEqual([{ id: 2 }, { id: 3 }]);
  });

  it("pages that are not asked for are found in the body", async () => {
    const error = await failure({ decode: { rows: { from: "values" } } }, '{"values":[["a"],[1]],"nextPageToken":"x"}');
    expect(error.message).toMatch(/has more pages \(nextPageToken\), but pagination is none/);
  });
});

describe("a Google sheet", () => {
  const sheet = (values?: unknown[][]): string =>
    JSON.stringify({ range: "Leads!A1:D1000", majorDimension: "ROWS", ...(values ? { values } : {}) });
  const source = (missing = "fail") => ({
    request: {
      path: "/spreadsheets/{{params.sheet_id}}/values/{{params.range}}",
      query: { valueRenderOption: "UNFORMATTED_VALUE" },
    },
    decode: { rows: { from: "values", header: 0, row_number: "row_number" } },
    records: { from: "$", missing },
  });
  const params = { sheet_id: "s1", range: "Leads!A1:D" };

  it("has rows as long as their last cell", async () => {
    const { records, seen } = await readBody(
      source(),
      sheet([
        ["Name", "Phone", "Booked", "Amount"],
        ["Ann", "0123"],
        [],
        ["Bob", "", 45291.5, 1200.5],
        ["Cid", "", true],
      ]),
      { params },
    );
    expect(seen[0]!.url).toBe("/spreadsheets/s1/values/Leads!A1%3AD?valueRenderOption=UNFORMATTED_VALUE");
    expect(records).toEqual([
      { Name: "Ann", Phone: "0123", Booked: null, Amount: null, row_number: 2 },
      { Name: "Bob", Phone: "", Booked: 45291.5, Amount: 1200.5, row_number: 4 },
      { Name: "Cid", Phone: "", Booked: true, Amount: null, row_number: 5 },
    ]);
  });

  it("without any row has no values, which means none only where that is said", async () => {
    expect(await recordsIn(source("empty"), sheet(), { params })).toEqual([]);
    const error = await failure(source(), sheet(), { params });
    expect(error.message).toMatch(/nothing at decode\.rows\.from \(values\): the body has range, majorDimension\./);
  });
});

describe("Five9's contacts", () => {
  const reply = (records: string): string => `<?xml version='1.0' encoding='UTF-8'?>
<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Header/><env:Body>
<ns2:getContactRecordsResponse xmlns:ns2="http://service.admin.ws.five9.com/"><return>
  <fields>number1</fields><fields>first_name</fields><fields>last_name</fields><fields>zip</fields>
  ${records}
</return></ns2:getContactRecordsResponse></env:Body></env:Envelope>`;
  const values = (...cells: string[]): string =>
    `<records><values>${cells.map((cell) => (cell === "" ? "<data/>" : `<data>${cell}</data>`)).join("")}</values></records>`;
  const ann = { number1: "5550100001", first_name: "Ann", last_name: "O'Neil & Sons", zip: "00501" };
  const bob = { number1: "5550100002", first_name: "", last_name: "Bobson", zip: "" };
  const annValues = values("5550100001", "Ann", "O&apos;Neil &amp; Sons", "00501");
  const bobValues = values("5550100002", "", "Bobson", "");
  const path = "Envelope.Body.getContactRecordsResponse.return";

  const ways: [string, object][] = [
    [
      "by rows",
      {
        decode: {
          xml: { arrays: ["records", "fields", "data"], namespaces: "strip" },
          rows: { from: `${path}.records.values.data`, names: `${path}.fields` },
        },
        records: "$",
      },
    ],
    [
      "by an expression",
      {
        decode: { xml: { arrays: ["records", "fields", "data"], namespaces: "strip" } },
        records: `( $r := ${path}; $r.records.values.($zip($r.fields, data) ~> $map(function($p) { { $p[0]: $p[1] } }) ~> $merge) )`,
      },
    ],
  ];
  it.each(ways)("%s, one or many", async (_name, source) => {
    expect(await recordsIn(source, reply(annValues + bobValues))).toEqual([ann, bob]);
    expect(await recordsIn(source, reply(annValues))).toEqual([ann]);
  });

  it("by rows: no contact means none only where that is said", async () => {
    const { decode } = ways[0]![1] as { decode: object };
    const error = await failure({ decode, records: "$" }, reply(""));
    expect(error.message).toMatch(/there is nothing at decode\.rows\.from/);
    expect(await recordsIn({ decode, records: { from: "$", missing: "empty" } }, reply(""))).toEqual([]);
  });

  it("the request is SOAP, its values escaped", async () => {
    const server = await serve((_request, response) => send(response, reply(annValues)));
    const { source } = await openApi(
      server.url,
      {
        ...ways[0]![1],
        request: {
          method: "POST",
          path: "/wsadmin/v13/AdminWebService",
          content_type: "text/xml; charset=utf-8",
          text: '<value>{{params.list}}</value><at>{{format since "MM/dd/yyyy HH:mm:ss" zone="America/Los_Angeles"}}</at>',
        },
      },
      { params: { list: "A & B <1>" } },
    );
    expect(recordsOf(await readPages(source))).toEqual([ann]);
    expect(server.seen[0]).toMatchObject({
      headers: { "content-type": "text/xml; charset=utf-8" },
      body: "<value>A &amp; B &lt;1&gt;</value><at>12/31/2024 16:00:00</at>",
    });
  });
});
