/** Where requests may go beside the connection's own host, and what they carry there. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { FatalError } from "../../src/errors.ts";
import { type Admittance, compileAllowedHosts } from "../../src/spec/allowed-hosts.ts";
import { openApi, readPages, recordsOf } from "../api/harness.ts";
import { clientTo, connectionTo, json, rejection, serve, type Served } from "./server.ts";

describe("a listed host", () => {
  const hosts = ["files.example.com", "*.cdn.example.com", { host: "eu.example.com:8443", credentials: true }];
  const admits = compileAllowedHosts({ base_url: "https://api.example.com", allowed_hosts: hosts as never })!;
  it.each<[string, Admittance]>([
    ["https://files.example.com/a?b", "plain"],
    ["https://FILES.example.com/a", "plain"],
    ["https://files.example.com:8443/a", "no"],
    ["http://files.example.com/a", "no"],
    ["https://files.example.com.evil.net/a", "no"],
    ["https://evil.net/files.example.com", "no"],
    ["https://files.example.com@evil.net/", "no"],
    ["https://x.cdn.example.com/a", "plain"],
    ["https://x.y.cdn.example.com/a", "plain"],
    ["https://cdn.example.com/a", "no"],
    ["https://.cdn.example.com/a", "no"],
    ["https://evilcdn.example.com/a", "no"],
    ["https://eu.example.com:8443/a", "trusted"],
    ["https://eu.example.com/a", "no"],
    ["ftp://files.example.com/a", "no"],
  ])("%s: %s", (url, admittance) => expect(URL.canParse(url) ? admits(url) : "no").toBe(admittance));

  it("is reached over http only where the connection is", () => {
    const over = (base_url: string) => compileAllowedHosts({ base_url, allowed_hosts: ["files.example.com"] })!;
    expect(over("http://127.0.0.1:8080")("http://files.example.com/a")).toBe("plain");
    expect(over("https://api.example.com")("http://files.example.com/a")).toBe("no");
    expect(over("")("http://files.example.com/a")).toBe("no");
  });

  it("is not asked about where there is no list", () =>
    expect(compileAllowedHosts({ base_url: "https://api.example.com" })).toBeUndefined());
});

it("are what the example in the docs says", () => {
  const page = readFileSync(new URL("../../docs/api-source.md", import.meta.url), "utf8");
  const section = /^## Where requests may go[\s\S]*?(?=^## )/m.exec(page)![0];
  const [example, ...more] = [...section.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
    ([, yaml]) => parse(yaml!) as object,
  );
  expect(more).toEqual([]);
  const admits = compileAllowedHosts(connectionTo("", example))!;
  expect(
    ["files.events.example.com", "exports.s3.amazonaws.com", "eu.events.example.com", "events.example.com"].map(
      (host) => admits(`https://${host}/a`),
    ),
  ).toEqual(["plain", "plain", "trusted", "no"]);
});

const auth = { auth: { type: "bearer", token: "t0p-secret" } };
const hostOf = (url: string): string => new URL(url).host;
const sentTo = ({ seen }: Served): (string | undefined)[] => seen.map(({ headers }) => headers.authorization);

describe("a request, a redirect and a next link to another host", () => {
  const lists = (
    other: Served,
  ): [string, object, { other: (string | undefined)[] | "refused"; next: "refused" | "read" }][] => [
    ["without a list", {}, { other: [undefined, undefined], next: "refused" }],
    ["with an empty list", { allowed_hosts: [] }, { other: "refused", next: "refused" }],
    ["that is listed", { allowed_hosts: [hostOf(other.url)] }, { other: [undefined, undefined], next: "read" }],
    ["that another is listed beside", { allowed_hosts: ["127.0.0.1:1"] }, { other: "refused", next: "refused" }],
    [
      "that credentials go to",
      { allowed_hosts: [{ host: hostOf(other.url), credentials: true }] },
      { other: ["Bearer t0p-secret", "Bearer t0p-secret"], next: "read" },
    ],
  ];

  it.each([0, 1, 2, 3, 4])("case %i", async (index) => {
    const other = await serve((_request, response) => json(response, { items: [2], next: null }));
    const server = await serve(({ path }, response) => {
      if (path === "/away") return response.writeHead(302, { location: `${other.url}/b` }).end();
      return json(response, { items: [1], next: `${other.url}/items?page=2` });
    });
    const [what, connection, expected] = lists(other)[index]!;
    const { client } = clientTo(server.url, { connection: { ...auth, ...connection } });
    const ask = (url: string) => client.text({ method: "GET", url });
    if (expected.other === "refused") {
      for (const url of [`${other.url}/a`, `${server.url}/away`]) {
        const error = await rejection(ask(url));
        expect(error, what).toBeInstanceOf(FatalError);
        expect(error.message).toBe(
          `${other.url}/${url.endsWith("/a") ? "a" : "b"} is not asked for: connection "test" does not allow ${other.url}. If requests may go there, add ${hostOf(other.url)} to its allowed_hosts.`,
        );
      }
      expect(other.seen).toEqual([]);
    } else {
      await ask(`${other.url}/a`);
      await ask(`${server.url}/away`);
      expect(sentTo(other), what).toEqual(expected.other);
    }
    const { source } = await openApi(
      server.url,
      { pagination: { type: "next_url", url: "next" } },
      { connection: { ...auth, ...connection } },
    );
    if (expected.next === "read") expect(recordsOf(await readPages(source))).toEqual([1, 2]);
    else
      expect((await rejection(readPages(source))).message).toMatch(
        /^the next URL leads to .*: credentials are not sent elsewhere\. If pages are to be read there, add 127\.0\.0\.1:\d+ to allowed_hosts of the connection\.$/,
      );
    expect(sentTo(server).every((header) => header === "Bearer t0p-secret")).toBe(true);
  });
});
