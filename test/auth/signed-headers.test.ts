/** Headers that are made for each request; the server makes its own computation and compares. */
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openApi, readPages } from "../api/harness.ts";
import { clientTo, json, serve } from "../http/server.ts";

/** MarketSharp's header, as its connection writes it. */
function marketsharp({ company, apiKey, secret }: { company: string; apiKey: string; secret: string }): object {
  return {
    type: "header",
    headers: {
      Authorization: `${company}:${apiKey}:{{epoch now}}:{{hmac 'sha256' key=(base64d secret) message=(concat company api_key (epoch now)) as='base64'}}`,
    },
    vars: { company, api_key: apiKey, secret },
  };
}

describe("a signed header", () => {
  it("with the names of auth.vars is what the server computes itself", async () => {
    const company = "123";
    const apiKey = "api-key-1";
    const secret = Buffer.from("the secret bytes \u00ff");
    const verdicts: unknown[] = [];
    const server = await serve((request, response) => {
      const [id, key, epoch, ...rest] = String(request.headers.authorization).split(":");
      const own = createHmac("sha256", secret).update(`${company}${apiKey}${epoch}`).digest("base64");
      const young = Math.abs(Number(epoch) - Date.now() / 1000) < 10;
      verdicts.push({ id, key, young, signed: rest.join(":") === own });
      json(response, {});
    });
    const auth = marketsharp({ company, apiKey, secret: secret.toString("base64") });
    const { client } = clientTo(server.url, { connection: { auth } });
    await client.text({ method: "GET", url: `${server.url}/Contacts` });
    expect(verdicts).toEqual([{ id: company, key: apiKey, young: true, signed: true }]);
  });

  it("is made after the wait for a budget, not before", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client } = clientTo(server.url, {
      connection: {
        auth: { type: "header", headers: { "X-Signed-At": "{{epochMs now}}" } },
        rate_limits: [{ requests: 1, per: "1s", burst: 1 }],
      },
    });
    const started = Date.now();
    await Promise.all([1, 2].map(() => client.text({ method: "GET", url: `${server.url}/x` })));
    const signedAt = server.seen.map(({ headers }) => Number(headers["x-signed-at"])).sort((a, b) => a - b);
    expect(signedAt[0]! - started).toBeLessThan(500);
    expect(signedAt[1]! - started).toBeGreaterThan(800);
  });

  it("and the request's own templates share one instant", async () => {
    const server = await serve((_request, response) => json(response, { items: [{ id: 1 }] }));
    const { source } = await openApi(
      server.url,
      { request: { path: "/items", query: { at: "{{epochMs now}}" } } },
      {
        connection: {
          auth: {
            type: "header",
            headers: { "X-Signature": "{{epochMs now}}.{{hmac 'sha256' key=secret message=(epochMs now)}}" },
            vars: { secret: "k" },
          },
        },
      },
    );
    await readPages(source);
    const at = server.seen[0]!.query.get("at")!;
    expect(server.seen[0]!.headers["x-signature"]).toBe(`${at}.${createHmac("sha256", "k").update(at).digest("hex")}`);
  });

  it("CallRail's quoted token goes out as it stands", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client } = clientTo(server.url, {
      connection: { auth: { type: "header", headers: { Authorization: 'Token token="k3y"' } } },
    });
    await client.text({ method: "GET", url: `${server.url}/x` });
    expect(server.seen[0]!.headers.authorization).toBe('Token token="k3y"');
  });
});
