/** The 42,366 real zip codes, against a reading of our own that knows only that the file has no quotes. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { openCsv, readAll } from "./support.ts";

const file = path.resolve(import.meta.dirname, "../../../shared/data/zipcodes/all_us_zipcodes.csv");

test("every zip code, every character", async ({ skip }) => {
  skip(!existsSync(file), `the zip codes are not here (${file})`);
  const { source, context } = await openCsv({ path: path.basename(file) }, { folder: path.dirname(file) });
  const { records, lines, rejects, pages } = await readAll(source);
  const text = await readFile(file, "utf8");
  expect(text).not.toContain('"');
  const [header = "", ...rest] = text.replaceAll("\r\n", "\n").trimEnd().split("\n");
  const names = header.split(",");
  const expected = rest.map((line) =>
    Object.fromEntries(line.split(",").map((value, index) => [names[index] ?? "", value])),
  );
  expect(rejects).toEqual([]);
  expect(records).toHaveLength(42_366);
  expect(records).toEqual(expected);
  expect(lines).toEqual(expected.map((_, index) => index + 2));
  expect(records[0]).toMatchObject({ code: "00501", city: "Holtsville", state: "NY" });
  expect(pages.filter((page) => page.last)).toHaveLength(1);
  expect(context.metrics.bytesIn).toBe(Buffer.byteLength(text));
  expect(await source.check?.()).toBe(
    "7 columns: code, city, state, county, area_code, lat, lon (all_us_zipcodes.csv)",
  );
});
