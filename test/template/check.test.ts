import { describe, expect, it } from "vitest";
import { checkTemplate, type TemplateSurroundings } from "../../src/template/index.ts";

const here: TemplateSurroundings = {
  names: ["since", "until", "now", "page", "params", "vars"],
  params: ["company", "account"],
  vars: ["portal"],
  where: "value",
};

describe("checkTemplate finds nothing in", () => {
  it.each([
    "plain",
    "{{since}}",
    "{{iso since}}",
    '{{format until "yyyy" zone="UTC"}}',
    "{{join (mapped 'properties') ','}}",
    "{{params.company}} {{vars.portal}} {{page.after}}{{page.number}}{{page.offset}}{{page.size}}",
    "{{uuid}}",
    "{{hmac 'sha256' key=vars.portal message=(concat since now) as='hex'}}",
    '{ "a": { } } }}',
  ])("%s", (text) => expect(checkTemplate(text, here)).toEqual([]));

  it("{{{…}}} in a path", () => expect(checkTemplate("/{{{params.account}}}", { ...here, where: "path" })).toEqual([]));
  it("any var, where they are not known", () =>
    expect(checkTemplate("{{vars.any}}", { ...here, vars: undefined })).toEqual([]));
  it("a field of a record", () =>
    expect(checkTemplate("x/{{record.a.b}}", { ...here, names: ["record"] })).toEqual([]));
});

describe("checkTemplate finds", () => {
  it.each<[string, "syntax" | "name", number, string]>([
    ["abc {{since", "syntax", 4, "{{since has no closing }}"],
    ["{{}}", "syntax", 0, "{{}} is not an expression"],
    ["a\nfoo {{else}} x", "syntax", 6, "{{else}} is not an expression"],
    ["a {{x y=}} b", "syntax", 2, "{{x y=}} is not an expression"],
    ["x {{#if since}}y{{/if}}", "syntax", 2, "blocks ({{#…}}) are not part of templates here"],
    ["{{> part}}", "syntax", 0, "partials ({{> …}}) are not part of templates here"],
    ["{{* deco}}", "syntax", 0, "decorators ({{* …}}) are not part of templates here"],
    ["{{{since}}}", "syntax", 0, "{{{since}}} is raw: three braces are allowed in a path only, write {{…}}"],
    ["{{&since}}", "syntax", 0, "{{&since}} is raw: three braces are allowed in a path only, write {{…}}"],
    ["{{@root.since}}", "syntax", 2, '"@root.since" is not a name: there is no this, no ../ and no @ here'],
    ["{{../since}}", "syntax", 2, '"../since" is not a name: there is no this, no ../ and no @ here'],
    ["{{this}}", "syntax", 2, '"this" is not a name: there is no this, no ../ and no @ here'],
    ["\r\n{{ isso since }}", "name", 5, 'unknown helper "isso". Did you mean "iso"?'],
    [
      "{{lookup params 'a'}}",
      "name",
      2,
      'unknown helper "lookup". Known: iso, epoch, epochMs, format, join, json, concat, mapped, hmac, base64, base64d, uuid.',
    ],
    ["{{join (maped) ','}}", "name", 8, 'unknown helper "maped". Did you mean "mapped"?'],
    ["{{since 5}}", "name", 2, '"since" is a value, not a helper: it takes no arguments'],
    ["{{sinse}}", "name", 2, 'unknown name "sinse". Did you mean "since"?'],
    ["{{record.id}}", "name", 2, 'unknown name "record". Known: since, until, now, page, params, vars.'],
    ["{{params.compny}}", "name", 2, 'unknown param "params.compny". Did you mean "company"?'],
    ["{{iso vars.x}}", "name", 6, 'unknown var "vars.x". Known: portal.'],
    ["{{page.cursor}}", "name", 2, 'unknown name "page.cursor". Known: after, number, offset, size.'],
    ["{{page}}", "name", 2, '"page" is a map: name one of its values, such as {{page.after}}'],
    ["{{iso}}", "syntax", 2, "iso takes 1 argument, not 0: {{iso since}}"],
    ["{{iso since until}}", "syntax", 2, "iso takes 1 argument, not 2: {{iso since}}"],
    ["{{uuid 4}}", "syntax", 2, "uuid takes no argument, not 1: {{uuid}}"],
    ["{{join}}", "syntax", 2, "join takes at least 1 argument, not 0: {{join (mapped) ','}}"],
    ["{{iso since zone='UTC'}}", "syntax", 2, 'iso takes no "zone=": {{iso since}}'],
    [
      "{{format since 'yyyy' tz='UTC'}}",
      "syntax",
      2,
      `format takes no "tz=", but zone: {{format since "yyyy-MM-dd" zone="America/Los_Angeles"}}`,
    ],
    ["{{hmac 'sha256' key='a'}}", "syntax", 2, "hmac needs message=…: {{hmac 'sha256' key=… message=… as='base64'}}"],
    ["{{undefined}}", "syntax", 2, "undefined is not a value"],
  ])("%s: %s at %i", (text, kind, offset, message) => {
    const [problem] = checkTemplate(text, here);
    expect(problem).toMatchObject({ kind, offset, message });
  });

  it("every problem of a text", () => {
    expect(checkTemplate("{{a}} {{iso b}} {{params.c}}", here).map(({ offset }) => offset)).toEqual([2, 12, 18]);
  });

  it("the word that was meant", () => expect(checkTemplate("{{sinse}}", here)[0]?.suggestion).toBe("since"));
});
