import { describe, expect, it } from "vitest";
import { FatalError, TransientError } from "../../src/errors.ts";
import { serve } from "../http/server.ts";
import { failure, recordsIn, send } from "./decode-support.ts";
import { openApi, readPages, recordsOf } from "./harness.ts";

describe("JSON lines", () => {
  it.each<[string, string, unknown[]]>([
    ["one a line", '{"id":1}\n{"id":2}\n', [{ id: 1 }, { id: 2 }]],
    ["without a last newline", '{"id":1}\n{"id":2}', [{ id: 1 }, { id: 2 }]],
    ["with CRLF and blank lines", '{"id":1}\r\n\r\n  \r\n{"id":2}\r\n', [{ id: 1 }, { id: 2 }]],
    ["with a byte order mark", '\ufeff{"id":1}\n', [{ id: 1 }]],
    ["one", '{"id":1}', [{ id: 1 }]],
    ["every digit kept", '{"id":9223372036854775807,"n":1.10}\n', [{ id: "9223372036854775807", n: 1.1 }]],
    ["a line separator inside a text", '{"a":"x\u2028y"}\n', [{ a: "x\u2028y" }]],
    ["values of every kind", '[1,2]\n"x"\n3\n', [[1, 2], "x", 3]],
  ])("%s", async (_name, body, expected) => {
    expect(await recordsIn({ decode: "jsonl" }, body)).toEqual(expected);
  });

  it("a bad line says its number, and is asked for again: it was cut or damaged", async () => {
    const error = await failure({ decode: "jsonl" }, '{"id":1}\n\n{"id":2}\n{"id":');
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(/line 4 is not JSON at 1:7: the text ends too soon; giving up/);
    const server = await serve((_request, response, index) =>
      send(response, index === 0 ? '{"id":1}\n{"i' : '{"id":1}\n{"id":2}\n'),
    );
    const { source } = await openApi(server.url, { decode: "jsonl", records: "$" });
    expect(recordsOf(await readPages(source))).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it("a page to sign in is none", async () => {
    const error = await failure({ decode: "jsonl" }, "<html><title>Sign in</title></html>");
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(/an HTML page titled "Sign in", where JSON lines was expected$/);
  });

  it("an error of the API is one JSON value, on as many lines as it likes", async () => {
    const responses = [{ when: "$status = 404 and error.code = 'NONE'", do: "empty" }];
    const body = '{\n  "error": {\n    "code": "NONE"\n  }\n}\n';
    expect(await recordsIn({ decode: "jsonl", responses }, body, { status: 404 })).toEqual([]);
  });
});
