import { describe, expect, it } from "vitest";
import { SpecError } from "../../src/errors.ts";
import {
  compileTemplate,
  DROPPED,
  type RenderMode,
  renderTree,
  type Scope,
  TemplateError,
} from "../../src/template/index.ts";

const instant = "2025-03-09T10:30:15.250000Z";
const scope: Scope = {
  values: {
    since: { text: "2025-03-09 02:30:15.25", instant },
    until: { text: "2025-03-10T00:00:00Z", instant: "2025-03-10T00:00:00.000000Z" },
    now: { text: "2025-03-10T00:00:00Z", instant: "2025-03-10T00:00:00.000000Z" },
    page: { after: undefined, number: 3, offset: 200, size: 100 },
    params: { account: "a/b c", empty: "", up: "..", day: "2025-01-02", flag: true, big: "9007199254740993" },
    vars: { portal: 7, secret: "c2VjcmV0", none: null },
    record: { id: "1", name: `Tom & "Ann" <x>`, tags: ["a", "b"], nested: { a: [{ b: "deep" }] } },
  },
  mapped: (path) => (path === "" ? ["id"] : path === "properties" ? ["email", "phone"] : []),
};

const render = (text: string, mode: RenderMode = "value"): unknown =>
  compileTemplate(text).render(scope, { mode: mode as "value" });

describe("a template gives", () => {
  it.each<[string, RenderMode, unknown]>([
    ["plain", "value", "plain"],
    ["", "value", ""],
    ["{{page.size}}", "value", 100],
    ["{{ page.size }}", "value", 100],
    ["{{page.size}} a page", "value", "100 a page"],
    ["{{params.flag}}", "value", true],
    ["{{vars.none}}", "value", null],
    ["{{mapped 'properties'}}", "value", ["email", "phone"]],
    ["{{mapped}}", "value", ["id"]],
    ["{{join (mapped 'properties') ','}}", "value", "email,phone"],
    ["{{join (mapped 'properties')}}", "value", "email,phone"],
    ["{{since}}", "value", "2025-03-09 02:30:15.25"],
    ["{{iso since}}", "value", "2025-03-09T10:30:15.25Z"],
    ["{{epoch since}}", "value", 1741516215],
    ["{{epochMs since}}", "value", 1741516215250],
    ["{{epochMs params.day}}", "value", 1735776000000],
    ['{{format since "yyyy-MM-dd HH:mm"}}', "value", "2025-03-09 10:30"],
    ['{{format since "yyyy-MM-dd HH:mm" zone="America/Los_Angeles"}}', "value", "2025-03-09 03:30"],
    ["{{format since \"yyyy-MM-dd'T'HH:mm:ss'Z'\"}}", "value", "2025-03-09T10:30:15Z"],
    ["{{json record.tags}}", "value", '["a","b"]'],
    ["{{json since}}", "value", '"2025-03-09 02:30:15.25"'],
    ["{{concat 'a' page.size (epoch since)}}", "value", "a1001741516215"],
    ["{{base64 'a:b'}}", "value", "YTpi"],
    ["{{base64d vars.secret}}", "value", "secret"],
    ["{{record.nested.a.[0].b}}", "value", "deep"],
    ["{{! a note }}{{page.size}}", "value", 100],
    ["\\{{x}}", "value", "{{x}}"],
    // RFC 4231, test case 2.
    [
      "{{hmac 'sha256' key='Jefe' message='what do ya want for nothing?'}}",
      "value",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
    // printf a100 | openssl dgst -sha256 -hmac secret -binary | base64
    [
      "{{hmac 'sha256' key=(base64d vars.secret) message=(concat 'a' page.size) as='base64'}}",
      "value",
      "Y2liFsPSxWMkQY/gwhu+8FuVqr0rfrHlhkzyPlp1978=",
    ],
    ["/a/{{params.account}}/calls", "path", "/a/a%2Fb%20c/calls"],
    ["/{{{params.account}}}", "path", "/a/b c"],
    ["/x?when={{iso since}}", "path", "/x?when=2025-03-09T10%3A30%3A15.25Z"],
    ["<v>{{record.name}}</v>", "xml", "<v>Tom &amp; &quot;Ann&quot; &lt;x&gt;</v>"],
    ["{{record.name}}", "text", `Tom & "Ann" <x>`],
    ["{{page.size}}", "text", "100"],
    ["{{params.not_given}}", "value", DROPPED],
    ["from {{params.not_given}}", "value", DROPPED],
    ["{{iso params.not_given}}", "value", DROPPED],
    ["{{page.after}}", "value", DROPPED],
  ])("%s as %s", (text, mode, expected) => {
    expect(render(text, mode)).toEqual(expected);
  });

  it("a new uuid each time", () => {
    const first = render("{{uuid}}");
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(render("{{uuid}}")).not.toBe(first);
  });
});

describe("a template is refused", () => {
  it.each<[string, RenderMode, number, RegExp]>([
    ["a {{vars.nothing}}", "value", 4, /vars\.nothing has no value/],
    ["{{record.nested.x}}", "value", 2, /record\.nested\.x has no value/],
    ["{{record.constructor}}", "value", 2, /has no value/],
    ["{{record.tags.length.toString}}", "value", 2, /has no value/],
    ["{{record.__proto__}}", "value", 2, /has no value/],
    ["x{{record.tags}}", "value", 1, /is a list: write \{\{join/],
    ["x{{record.nested}}", "value", 1, /is a map: write \{\{json/],
    ["x{{vars.none}}", "value", 1, /has no value/],
    ["{{iso vars.portal}}", "value", 2, /iso: 7 is not an instant/],
    ["{{iso record.id}}", "value", 2, /iso: "1" is not a timestamp/],
    ["{{join record.id}}", "value", 2, /join: "1" is not a list/],
    ["{{hmac 'rot13' key='a' message='b'}}", "value", 2, /"rot13" is not one of/],
    ["{{{record.id}}}", "value", 0, /three braces are allowed in a path only/],
    ["a{{{record.id}}}", "xml", 1, /three braces/],
    ["/a/{{params.empty}}", "path", 3, /is empty, and a path without it is another path/],
    ["/a/{{params.up}}/b", "path", 3, /holds "\.\."/],
    ["/a/{{record.tags}}", "path", 3, /is a list/],
  ])("%s as %s at %i", (text, mode, offset, message) => {
    const error = (() => {
      try {
        return render(text, mode);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(TemplateError);
    expect(error).toBeInstanceOf(SpecError);
    expect((error as TemplateError).message).toMatch(message);
    expect((error as TemplateError).offset).toBe(offset);
  });

  it("mapped, where there is no mapping", () => {
    expect(() => compileTemplate("{{mapped}}").render({ values: {} }, { mode: "value" })).toThrow(/no mapping/);
  });
});

describe("renderTree", () => {
  it("renders every leaf, keeps types, and leaves out what was not given", () => {
    const tree = {
      limit: "{{page.size}}",
      on: true,
      nothing: null,
      company: "{{params.company}}",
      list: ["{{params.company}}", { id: "{{record.id}}" }, 1],
    };
    expect(renderTree(tree, scope)).toEqual({ limit: 100, on: true, nothing: null, list: [{ id: "1" }, 1] });
  });

  it("leaves the tree as it was", () => {
    const tree = { a: ["{{page.size}}"] };
    renderTree(tree, scope);
    expect(tree).toEqual({ a: ["{{page.size}}"] });
  });
});
