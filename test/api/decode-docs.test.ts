/** The examples of docs/api-source.md about decode, as they stand there, each against a server that answers so. */
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Seen, serve } from "../http/server.ts";
import { send } from "./decode-support.ts";
import { openApi, readPages, recordsOf } from "./harness.ts";

const page = readFileSync(new URL("../../docs/api-source.md", import.meta.url), "utf8");
const section = /^## What a body is[\s\S]*?(?=^## |$(?![\s\S]))/m.exec(page)?.[0] ?? "";
const examples = [...section.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
  ([, yaml]) => (parse(yaml!) as { source: { connection: string } }).source,
);

const atom = (ids: number[]): string =>
  `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">${ids
    .map(
      (id) =>
        `<entry><content><m:properties><d:id m:type="Edm.Int32">${id}</d:id><d:fax m:null="true"/></m:properties></content></entry>`,
    )
    .join("")}</feed>`;

const soap = (body: string): string =>
  `<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>${body}</env:Body></env:Envelope>`;

interface Case {
  answer(request: Seen, response: ServerResponse, index: number): void;
  records: unknown[];
}

const cases: Record<string, Case> = {
  salesforce: {
    answer: ({ query }, response) =>
      query.get("locator") === "MTAw"
        ? send(response, '"Id","Name"\n"003","Cid"\n', { headers: { "Sforce-Locator": "null" } })
        : send(response, '"Id","Name"\n"001","Ann"\n"002","Bob"\n', { headers: { "Sforce-Locator": "MTAw" } }),
    records: [
      { Id: "001", Name: "Ann" },
      { Id: "002", Name: "Bob" },
      { Id: "003", Name: "Cid" },
    ],
  },
  reports: {
    answer: (_request, response) =>
      send(response, readFileSync(new URL("../fixtures/decode/windows-1252.zip", import.meta.url))),
    records: [{ id: "1", name: "Zoë; €" }],
  },
  marketsharp: {
    answer: ({ query }, response) => {
      const skip = Number(query.get("$skip") ?? 0);
      send(response, atom([1, 2, 3].slice(skip, skip + 2)));
    },
    records: [1, 2, 3].map((id) => ({ id: String(id), fax: null })),
  },
  five9: {
    answer: ({ body }, response, index) => {
      if (index === 0)
        return send(
          response,
          soap("<env:Fault><detail><n:OperationsLimitExceeded xmlns:n='urn:n'/></detail></env:Fault>"),
          { status: 500 },
        );
      expect(body).toContain("<value>12/31/2024 16:00:00</value>");
      const rows = [
        ["1", "Ann"],
        ["2", "Bob"],
      ].map((cells) => `<records><values>${cells.map((cell) => `<data>${cell}</data>`).join("")}</values></records>`);
      return send(
        response,
        soap(
          `<n:getContactRecordsResponse xmlns:n="urn:n"><return><fields>id</fields><fields>name</fields>${rows.join("")}</return></n:getContactRecordsResponse>`,
        ),
      );
    },
    records: [
      { id: "1", name: "Ann" },
      { id: "2", name: "Bob" },
    ],
  },
  sheets: {
    answer: (_request, response) => send(response, JSON.stringify({ values: [["id", "note"], [1], [], [2, "x"]] })),
    records: [
      { id: 1, note: null, row_number: 2 },
      { id: 2, note: "x", row_number: 4 },
    ],
  },
  events: {
    answer: (_request, response) => send(response, gzipSync('{"id":1}\n{"id":2}\n')),
    records: [{ id: 1 }, { id: 2 }],
  },
};

describe("the examples about decode", () => {
  it("are all here", () =>
    expect(examples.map(({ connection }) => connection).sort()).toEqual(Object.keys(cases).sort()));

  it.each(examples)("$connection", async (source) => {
    const { answer, records } = cases[source.connection]!;
    const server = await serve(answer);
    // Only the minute of the rule is not waited for.
    const spec = JSON.parse(JSON.stringify(source).replaceAll('"wait":"60s"', '"wait":"10ms"')) as object;
    const { source: api } = await openApi(server.url, spec, {
      params: { sheet_id: "s", range: "A1:B" },
      connection: { retry: { attempts: 3, wait: "1ms", max_wait: "5ms" } },
    });
    expect(JSON.parse(JSON.stringify(recordsOf(await readPages(api))))).toEqual(records);
  });
});
