/** Pages that are told from each other by few of their records, and by all of them where these agree. */
import { expect, test } from "vitest";
import { RepeatedPages } from "../../src/sources/api/page-guards.ts";

const pageOf = (place: number, size = 100): object[] =>
  Array.from({ length: size }, (_, at) => ({ sku: "A", quantity: at === place ? 1 : 0 }));
const ids = (from: number): object[] => Array.from({ length: 100 }, (_, at) => ({ id: from + at }));
const admitAll = (pages: readonly object[][]): RepeatedPages => {
  const guard = new RepeatedPages();
  for (const page of pages) guard.admit(page, "GET /p");
  return guard;
};

test("pages that differ in one record, wherever it stands, are different", () => {
  expect(() => admitAll(Array.from({ length: 100 }, (_, place) => pageOf(place)))).not.toThrow();
});

test.each([
  ["the first page again", [ids(0), ids(0)], 1],
  ["the first page, after others", [ids(0), ids(100), ids(200), ids(0)], 1],
  ["the page before", [ids(0), ids(100), ids(200), ids(200)], 3],
  ["the page before, which differs from others in one record", [pageOf(1), pageOf(2), pageOf(3), pageOf(3)], 3],
  ["pages that go round, soon after they have come by again", [ids(0), ids(1), ids(2), ids(1), ids(2)], 3],
  ["a page of one record", [ids(0).slice(0, 1), ids(0).slice(0, 1)], 1],
])("%s is an error", (_, pages, before) => {
  const guard = admitAll(pages.slice(0, -1));
  expect(() => guard.admit(pages.at(-1)!, "GET /p")).toThrow(
    new RegExp(`^GET /p gave the same \\d+ records as page ${before} of this read`),
  );
});

test("empty pages are none", () => {
  expect(() => admitAll([[], [], ids(0), [], []])).not.toThrow();
});
