import { describe, expect, it } from "vitest";
import { FatalError, TransientError } from "../../src/errors.ts";
import { serve } from "../http/server.ts";
import { failure, recordsIn, send } from "./decode-support.ts";
import { openApi, readPages, recordsOf } from "./harness.ts";

const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
const bombs = `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">${"bcdefgh".replace(/./g, (name, at) => `<!ENTITY ${name} "${`&${"abcdefgh"[at as number]};`.repeat(10)}">`)}]><r>&h;</r>`;

/** The document's map, as `records: $` gives it. */
const document = async (xml: string | Uint8Array, options: object = {}, headers = {}): Promise<unknown> =>
  (await recordsIn({ decode: { xml: options } }, xml, { headers }))[0];

describe("an XML body", () => {
  it.each<[string, string, unknown, object?]>([
    ["a text", "<r>a</r>", { r: "a" }],
    ["an empty element", "<r><a/><b></b></r>", { r: { a: "", b: "" } }],
    ["elements", "<r>\n  <a>1</a>\n  <b>2</b>\n</r>", { r: { a: "1", b: "2" } }],
    [
      "several of a name are a list, in order",
      "<r><a>1</a><b>x</b><a>2</a><a>3</a></r>",
      { r: { a: ["1", "2", "3"], b: "x" } },
    ],
    ["one of a name is none", "<r><a>1</a></r>", { r: { a: "1" } }],
    [
      "but where arrays says so",
      "<r><a>1</a><b><a>2</a></b></r>",
      { r: { a: ["1"], b: { a: ["2"] } } },
      { arrays: ["a"] },
    ],
    ["and an empty one of these", "<r><a/></r>", { r: { a: [""] } }, { arrays: ["a"] }],
    [
      "numbers and booleans are texts",
      "<r><a>007</a><b>9223372036854775807</b><c>1.10</c><d>true</d><e>0x1F</e><f>1e5</f></r>",
      { r: { a: "007", b: "9223372036854775807", c: "1.10", d: "true", e: "0x1F", f: "1e5" } },
    ],
    ["blanks of a text stay", "<r> a\n b </r>", { r: " a\n b " }],
    [
      "references, once",
      "<r>&lt;a&gt; &amp;amp; &quot;&apos;&#233;&#xE9; &#38;lt; &#x1F600;</r>",
      { r: "<a> &amp; \"'éé &lt; 😀" },
    ],
    ["references that XML does not know", "<r>a&nbsp;b</r>", { r: "a&nbsp;b" }],
    ["references to nothing", "<r>a&#x110000;b&#1;c</r>", { r: "a\ufffdbc" }],
    ["CDATA, as it stands", "<r>a<![CDATA[ <b>&amp;</b> ]]>c</r>", { r: "a <b>&amp;</b> c" }],
    [
      "comments and instructions left out",
      "<?xml version='1.0'?><!-- x --><?go now?><r>a<!-- x -->b<?go?></r>",
      { r: "ab" },
    ],
    [
      "attributes",
      '<r id="1"><a b="&lt;2">x</a><c d="3"/></r>',
      { r: { "@id": "1", a: { "@b": "<2", "#text": "x" }, c: { "@d": "3" } } },
    ],
    ["attributes with another mark", '<r id="1"/>', { r: { _id: "1" } }, { attributes: "_" }],
    ["attributes left out", '<r id="1"><a b="2">x</a></r>', { r: { a: "x" } }, { attributes: false }],
    ["text among elements", "<r>a<b>1</b>c</r>", { r: { b: "1", "#text": "ac" } }],
    [
      "prefixes are stripped",
      '<s:r xmlns:s="urn:s" xmlns="urn:d" s:x="1"><s:a>1</s:a></s:r>',
      { r: { "@x": "1", a: "1" } },
    ],
    [
      "or kept",
      '<s:r xmlns:s="urn:s"><s:a s:b="2">1</s:a></s:r>',
      { "s:r": { "@xmlns:s": "urn:s", "s:a": { "@s:b": "2", "#text": "1" } } },
      { namespaces: "keep" },
    ],
    [
      "arrays by the name that is seen",
      '<s:r xmlns:s="urn:s"><s:a>1</s:a></s:r>',
      { "s:r": { "s:a": ["1"] } },
      { namespaces: "keep", arrays: ["s:a"], attributes: false },
    ],
    [
      "xsi:nil is null",
      `<r ${xsi}><a xsi:nil="true"/><b xsi:nil="1"></b><c xsi:nil="false">x</c></r>`,
      { r: { a: null, b: null, c: "x" } },
    ],
    [
      "under any prefix",
      '<r xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><a i:nil="true"/></r>',
      { r: { a: null } },
    ],
    ["also in a list", `<r ${xsi}><a>1</a><a xsi:nil="true"/></r>`, { r: { a: ["1", null] } }],
    ["nil without its namespace is an attribute", '<r><a nil="true"/></r>', { r: { a: { "@nil": "true" } } }],
    ["types of a schema are not data", `<r ${xsi}><a xsi:type="xs:int">1</a></r>`, { r: { a: "1" } }],
    [
      "unless prefixes are kept",
      `<r ${xsi}><a xsi:type="xs:int">1</a></r>`,
      {
        r: {
          "@xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
          a: { "@xsi:type": "xs:int", "#text": "1" },
        },
      },
      { namespaces: "keep" },
    ],
    ["control characters are taken out", "<r>a\u0001b\u0000c\u000bd\te</r>", { r: "abcd\te" }],
    ["line ends are one character", "<r>a\r\nb\rc</r>", { r: "a\nb\nc" }],
    ["a document type that declares nothing", '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/r.dtd"><r>a</r>', { r: "a" }],
    [
      "a long text that looks like one",
      "<r><![CDATA[<!DOCTYPE r [<!ENTITY a 'b'>]>]]></r>",
      { r: "<!DOCTYPE r [<!ENTITY a 'b'>]>" },
    ],
  ])("%s", async (_name, xml, expected, options) => {
    expect(await document(xml, options)).toEqual(expected);
  });

  it.each([
    "<r><__proto__><admin>1</admin></__proto__></r>",
    '<r><a __proto__="1"/></r>',
    '<r><x:__proto__ xmlns:x="urn:x"><admin>1</admin></x:__proto__></r>',
    '<r x:__proto__="1" xmlns:__proto__="urn:y"/>',
  ])("never touches a prototype: %s", async (xml) => {
    const server = await serve((_request, response) => send(response, xml));
    const { source } = await openApi(
      server.url,
      { decode: "xml", records: "$" },
      { connection: { retry: { attempts: 1 } } },
    );
    const [record] = await readPages(source).then(recordsOf, () => [{}]);
    const inner = (record as { r?: object }).r ?? {};
    expect(Object.getPrototypeOf(inner)).toBe(Object.prototype);
    expect("admin" in inner || "admin" in {}).toBe(false);
  });

  it("may use names that objects have of their own", async () => {
    const xml = "<r><toString/><x:hasOwnProperty>2</x:hasOwnProperty><valueOf>1</valueOf><valueOf>2</valueOf></r>";
    expect(await document(xml)).toEqual({ r: { toString: "", hasOwnProperty: "2", valueOf: ["1", "2"] } });
  });

  it.each<[string, Uint8Array, Record<string, string>]>([
    [
      "by the content type",
      Buffer.from('<?xml version="1.0" encoding="utf-8"?><r>é</r>', "latin1"),
      { "content-type": "text/xml; charset=iso-8859-1" },
    ],
    [
      "by its declaration",
      Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><r>é</r>', "latin1"),
      { "content-type": "text/xml" },
    ],
    ["UTF-8 where nothing is said", Buffer.from("<r>é</r>"), {}],
    [
      "UTF-16 by its mark",
      Buffer.from('\ufeff<?xml version="1.0" encoding="utf-16"?><r>é</r>', "utf16le"),
      { "content-type": "text/xml; charset=utf-8" },
    ],
    ["UTF-16 without a mark", Buffer.from('<?xml version="1.0" encoding="utf-16"?><r>é</r>', "utf16le"), {}],
    ["UTF-8 that says utf-16", Buffer.from('<?xml version="1.0" encoding="utf-16"?><r>é</r>'), {}],
  ])("is read %s", async (_name, bytes, headers) => {
    expect(await document(bytes, {}, headers)).toEqual({ r: "é" });
  });

  it.each<[string, string, RegExp, object]>([
    ["a bomb of entities", bombs, /the XML declares entities of its own .*: that is refused$/, FatalError],
    [
      "a file of this machine",
      '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>',
      /declares entities of its own/,
      FatalError,
    ],
    [
      "the same behind a comment",
      "<?xml version='1.0'?>\n<!-- c -->\n<!doctype r PUBLIC '[' \"x\" [ ]><r/>",
      /declares entities of its own/,
      FatalError,
    ],
    [
      "too deep a document",
      "<a>".repeat(300) + "</a>".repeat(300),
      /the XML cannot be read: Maximum nested tags exceeded/,
      FatalError,
    ],
    [
      "a page to sign in",
      "<!DOCTYPE html><html><title>Sign in</title></html>",
      /an HTML page titled "Sign in", where XML was expected$/,
      FatalError,
    ],
    ["JSON", '{"error":"none"}', /"none", where XML was expected$/, FatalError],
    [
      "an unknown encoding",
      '<?xml version="1.0" encoding="klingon"?><r/>',
      /its encoding is "klingon", which is not known/,
      FatalError,
    ],
    ["half a document", "<r><a>1</a><a>", /answered 200 twice.*not XML at 1:1: .*giving up/, TransientError],
    ["a document cut in a tag", "<r><a>1</", /not XML at 1:\d+: .*giving up/, TransientError],
    [
      "tags that do not match",
      "<r>\n<a></b></r>",
      /not XML at 2:4: Expected closing tag 'a'.*giving up/,
      TransientError,
    ],
  ])("%s is refused", async (_name, xml, message, kind) => {
    const error = await failure({ decode: "xml" }, xml);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(message);
  });
});

const envelope = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Header/><env:Body>${body}</env:Body></env:Envelope>`;

describe("SOAP", () => {
  it("a fault with status 500 that a rule tries again", async () => {
    const fault = envelope(
      `<env:Fault><faultcode>env:Server</faultcode><faultstring>Operation limit exceeded</faultstring><detail><ns1:OperationsLimitExceeded xmlns:ns1="http://service.admin.ws.five9.com/"/></detail></env:Fault>`,
    );
    const server = await serve((_request, response, index) =>
      index < 2
        ? send(response, fault, { status: 500, headers: { "content-type": "text/xml" } })
        : send(response, envelope("<r:items xmlns:r='urn:r'><item><id>1</id></item></r:items>")),
    );
    const { source, metrics } = await openApi(
      server.url,
      {
        decode: { xml: { arrays: ["item"] } },
        records: "Envelope.Body.items.item",
        responses: [
          { when: "$status = 500 and $contains($string($), 'OperationsLimitExceeded')", do: "retry", wait: "20ms" },
          { when: "$exists(Envelope.Body.Fault)", do: "fail" },
        ],
      },
      { connection: { retry: { on: [], attempts: 5, wait: "1ms", max_wait: "50ms" } } },
    );
    expect(recordsOf(await readPages(source))).toEqual([{ id: "1" }]);
    expect(metrics).toMatchObject({ retries: 2, recovered: 1 });
  });

  it("a fault with status 200 that a rule refuses, in its own words", async () => {
    const fault = envelope("<env:Fault><faultstring>Unknown list</faultstring></env:Fault>");
    const responses = [{ when: "$exists(Envelope.Body.Fault)", do: "fail", message: "the list is gone" }];
    const error = await failure({ decode: "xml", records: "Envelope.Body.items.item", responses }, fault);
    expect(error.message).toMatch(/the list is gone/);
  });

  it("a fault with status 200 and no rule is not an empty list", async () => {
    const fault = envelope("<env:Fault><faultstring>Unknown list</faultstring></env:Fault>");
    const error = await failure({ decode: "xml", records: "Envelope.Body.items.item" }, fault);
    expect(error.message).toMatch(/there is nothing at records \(Envelope\.Body\.items\.item\): the body has Envelope/);
  });

  it("an answer without records, where that means none", async () => {
    const records = { from: "Envelope.Body.items.item", missing: "empty" };
    expect(await recordsIn({ decode: "xml", records }, envelope("<items/>"))).toEqual([]);
  });

  it("errors in JSON beside answers in XML", async () => {
    const responses = [{ when: "$status = 404 and code = 'NONE'", do: "empty" }];
    expect(await recordsIn({ decode: "xml", responses }, '{"code":"NONE"}', { status: 404 })).toEqual([]);
  });
});

describe("Atom", () => {
  const feed = (entries: string, next = ""): string =>
    `<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<feed xml:base="https://api4.example.com/WcfDataService.svc/" xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
  <title type="text">Contacts</title>
  <id>https://api4.example.com/WcfDataService.svc/Contacts</id>
  <updated>2024-05-01T12:00:00Z</updated>
  ${entries}${next}
</feed>`;
  const entry = (id: string, name: string): string => `<entry>
    <id>https://api4.example.com/WcfDataService.svc/Contacts('${id}')</id>
    <title type="text" />
    <author><name /></author>
    <content type="application/xml">
      <m:properties>
        <d:id>${id}</d:id>
        <d:companyId m:type="Edm.Int32">0042</d:companyId>
        <d:lastName>${name}</d:lastName>
        <d:isActive m:type="Edm.Boolean">true</d:isActive>
        <d:email1 m:null="true" />
        <d:lastUpdate m:type="Edm.DateTime">2024-04-30T08:15:00</d:lastUpdate>
      </m:properties>
    </content>
  </entry>`;

  it("OData's properties, one entry or many, over pages by its next link", async () => {
    const server = await serve((request, response) => {
      const first = request.query.get("$skiptoken") === null;
      const next = `<link rel="self" href="x"/><link rel="next" href="http://${request.headers.host}/items?$skiptoken='a1'"/>`;
      send(
        response,
        first ? feed(entry("a0", "O&#39;Neil") + entry("a1", "B &amp; C"), next) : feed(entry("a2", "D")),
        {
          headers: { "content-type": "application/atom+xml;charset=utf-8" },
        },
      );
    });
    const { source } = await openApi(server.url, {
      decode: { xml: { arrays: ["entry"] } },
      records: "feed.entry.content.properties",
      pagination: { type: "next_url", url: 'feed.link[`@rel`="next"].`@href`' },
    });
    const record = (id: string, lastName: string) => ({
      id,
      companyId: "0042",
      lastName,
      isActive: "true",
      email1: null,
      lastUpdate: "2024-04-30T08:15:00",
    });
    expect(JSON.parse(JSON.stringify(recordsOf(await readPages(source))))).toEqual([
      record("a0", "O'Neil"),
      record("a1", "B & C"),
      record("a2", "D"),
    ]);
    expect(server.seen).toHaveLength(2);
  });

  it("a feed without entries has none where that is said", async () => {
    const records = { from: "feed.entry.content.properties", missing: "empty" };
    expect(await recordsIn({ decode: { xml: { arrays: ["entry"] } }, records }, feed(""))).toEqual([]);
  });
});

describe("an error in XML", () => {
  it.each<[string, string]>([
    [
      "SOAP 1.1",
      envelope("<env:Fault><faultcode>env:Server</faultcode><faultstring>Unknown list</faultstring></env:Fault>"),
    ],
    [
      "SOAP 1.2",
      envelope('<env:Fault><env:Reason><env:Text xml:lang="en">Unknown list</env:Text></env:Reason></env:Fault>'),
    ],
    [
      "OData",
      '<?xml version="1.0"?><m:error xmlns:m="urn:m"><m:code/><m:message xml:lang="en-US">Unknown list</m:message></m:error>',
    ],
  ])("of %s is told in its own words", async (_name, body) => {
    const error = await failure({ decode: "xml" }, body, { status: 400 });
    expect(error.message).toMatch(/answered 400.*"Unknown list"/);
  });
});
