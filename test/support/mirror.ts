/** Compares the table of contacts with what the sandbox holds now. */
import { expect } from "vitest";
import type { HubspotSandbox } from "../../sandbox/hubspot/index.ts";
import type { TestWarehouse } from "./warehouses.ts";

/** Every live contact is there once and as it is now; what is compared tells one version from another. */
export async function expectMirror(sandbox: HubspotSandbox, warehouse: TestWarehouse): Promise<void> {
  const rows = await warehouse.query("select id, city, lastmodifieddate from hubspot_contact");
  const stored = new Map(rows.map((row) => [String(row["id"]), row]));
  expect(stored.size).toBe(rows.length);
  const wrong: string[] = [];
  for (const { id, properties, archived } of sandbox.all("contacts", [
    "lastmodifieddate",
    "num_notes",
    "firstname",
    "city",
  ])) {
    if (archived) continue;
    const row = stored.get(id);
    const expected = properties as Record<string, string | null | undefined>;
    if (!row) wrong.push(`${id} is missing`);
    else if (Date.parse(String(row["lastmodifieddate"])) !== Date.parse(String(expected["lastmodifieddate"]))) {
      wrong.push(`${id} is stale: ${String(row["lastmodifieddate"])}, not ${String(expected["lastmodifieddate"])}`);
    } else if ((row["city"] ?? "") !== (expected["city"] ?? "").trim())
      wrong.push(`${id}: city ${String(row["city"])}`);
  }
  expect(wrong.slice(0, 10)).toEqual([]);
}
