/** What hubspot.contacts has of the warehouse that it replaces: all columns, and the rules across a row. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { loadSpecs, openContext } from "../../src/cli/context.ts";

const file = fileURLToPath(new URL("../../pipelines/hubspot/contacts.yml", import.meta.url));
const [contacts] = loadSpecs([file], openContext([file], {}, { HUBSPOT_API_TOKEN: "x" })).pipelines;

it("maps 161 columns: 159 properties, the id and whether it is archived", () => {
  const columns = Object.entries(contacts!.spec.mapping ?? {});
  expect(columns).toHaveLength(161);
  const sources = columns.map(([, field]) => String(field.from));
  expect(sources.filter((from) => !/properties\./.test(from)).sort()).toEqual(["archived", "id"]);
  // Each from a property of its own.
  expect(new Set(sources).size).toBe(161);
});

it("warns of contacts that nobody can reach or name", () => {
  expect(contacts!.spec.rules?.map(({ name, on_fail: onFail = "warn" }) => [name, onFail])).toEqual([
    ["reachable", "warn"],
    ["named", "warn"],
  ]);
});
