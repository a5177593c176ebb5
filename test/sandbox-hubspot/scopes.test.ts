import { describe, expect, test } from "vitest";
import type { HubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { call, search, using } from "./client.ts";

const read = (...names: string[]) => names.map((name) => `crm.objects.${name}.read`);
const status = async (own: HubspotSandbox, path: string, json?: unknown) =>
  (await call(own, path, json === undefined ? {} : { json })).status;

describe("scopes", () => {
  test("what the token lacks is a 403 that names it", () =>
    using({ records: 5, scopes: read("contacts"), limits: false }, async (own) => {
      expect(await status(own, "/crm/v3/objects/contacts")).toBe(200);
      expect((await search(own, {})).status).toBe(200);
      const refused = await call(own, "/crm/v3/objects/deals");
      expect(refused.status).toBe(403);
      expect(refused.body).toMatchObject({
        status: "error",
        category: "MISSING_SCOPES",
        errors: [
          {
            message: "One or more of the following scopes are required.",
            context: { requiredGranularScopes: ["crm.objects.deals.read"] },
          },
        ],
        links: { scopes: "https://developers.hubspot.com/scopes" },
      });
    }));

  test.each<[string, string | undefined, unknown]>([
    ["/crm/v3/objects/0-421", "crm.objects.appointments.read", undefined],
    ["/crm/v3/objects/2-37778609", "crm.objects.custom.read", undefined],
    ["/crm/v3/owners", "crm.objects.owners.read", undefined],
    ["/crm/v3/schemas", "crm.schemas.custom.read", undefined],
    ["/crm/v3/properties/contacts", "crm.schemas.contacts.read", undefined],
    ["/crm/v4/associations/contacts/deals/batch/read", "crm.objects.deals.read", { inputs: [] }],
    ["/crm/v3/objects/contacts/merge", "crm.objects.contacts.write", { primaryObjectId: "1", objectIdToMerge: "2" }],
  ])("%s needs %s", (path, scope, json) =>
    using({ records: 5, scopes: read("contacts"), limits: false }, async (own) => {
      const { body } = await call(own, path, json === undefined ? {} : { json });
      expect(body).toMatchObject({ errors: [{ context: { requiredGranularScopes: [scope] } }] });
    }),
  );

  test("several tokens, each with its own", () =>
    using({ records: 5, scopes: { narrow: read("deals"), "sandbox-token": read("owners") } }, async (own) => {
      const as = async (token: string, path: string) =>
        (await call(own, path, { headers: { authorization: `Bearer ${token}` } })).status;
      expect(await as("narrow", "/crm/v3/objects/deals")).toBe(200);
      expect(await as("narrow", "/crm/v3/owners")).toBe(403);
      expect(await as("sandbox-token", "/crm/v3/objects/deals")).toBe(403);
      expect(await as("sandbox-token", "/crm/v3/owners")).toBe(200);
      expect(await as("other", "/crm/v3/owners")).toBe(401);
      expect(await as("narrow", "/account-info/v3/api-usage/daily/private-apps")).toBe(200);
    }));

  test("without any, the token may do all", () =>
    using({ records: 5, limits: false }, async (own) => {
      expect(await status(own, "/crm/v3/owners")).toBe(200);
    }));
});
