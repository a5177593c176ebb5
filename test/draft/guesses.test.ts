/** What `etl new` makes of names and values. */
import { describe, expect, it } from "vitest";
import { additionField, changeField, looksSecret, validatorOf } from "../../src/draft/fields.ts";
import { columnName, columnNames, fieldPath, likelyTables, targetTable } from "../../src/draft/names.ts";
import { guessPages } from "../../src/draft/paginator.ts";
import { typeOfValues } from "../../src/draft/value-type.ts";
import { writeDraft } from "../../src/draft/write.ts";

describe("names", () => {
  it.each([
    ["firstName", "first_name"],
    ["First Name", "first_name"],
    ["HTTPServerURL", "http_server_url"],
    ["Größe (cm)", "grosse_cm"],
    ["2nd", "column_2nd"],
    ["名前", "column"],
  ])("%s becomes the column %s", (field, column) => expect(columnName(field)).toBe(column));

  it("two that become one are told apart, and the sink's own are left to it", () => {
    const nameOf = columnNames();
    expect(["a b", "a_b", "aB", "deleted_at"].map(nameOf)).toEqual(["a_b", "a_b_2", "a_b_3", "source_deleted_at"]);
  });

  it.each([
    [["a"], "a"],
    [["and", "x y"], "`and`.`x y`"],
    [["a`b"], undefined],
    [["a\nb"], undefined],
    [[""], undefined],
  ] as [string[], string | undefined][])("%j is reached by %s", (names, path) => expect(fieldPath(names)).toBe(path));

  it.each([
    ["job_statuses", "job_status"],
    ["companies", "company"],
    ["orders", "order"],
    ["user_data", "user_datas"],
    ["address", "addresses"],
  ])("%s may be the table %s", (entity, table) => expect(likelyTables(entity)).toContain(table));

  it("rows of genius.prospects go into genius_prospect", () => {
    expect(targetTable("genius", "prospects")).toBe("genius_prospect");
    expect(targetTable("shop", "news_item")).toBe("shop_news_item");
  });

  it.each([
    "password",
    "userPassword",
    "api_key",
    "apiToken",
    "client_secret",
    "stripe_key",
    "ssn",
    "password_hash",
    "key",
  ])("%s looks like a secret", (name) => expect(looksSecret(name)).toBe(true));
  it.each(["keyboard", "monkey", "passenger", "compass", "tokens_used_by", "shipping_address", "secretary"])(
    "%s does not",
    (name) => expect(looksSecret(name)).toBe(false),
  );
  it.each([
    ["password_changed_at", "timestamp"],
    ["customer_key", "bigint"],
    ["has_password", "boolean"],
  ])("nor does %s of type %s", (name, type) => expect(looksSecret(name, type)).toBe(false));

  it.each([
    ["email", "email"],
    ["work_email_address", "email"],
    ["email_opt_out", undefined],
    ["mobile_phone", "phone"],
    ["phone_type", undefined],
    ["postal_code", "zip_code"],
  ])("%s calls for %s", (column, validator) => expect(validatorOf(column)).toBe(validator));

  it("what changed and what came to be are told apart", () => {
    const fields = ["id", "created_on", "date_added", "last_modified", "updated_by"].map((column) => ({ column }));
    expect(changeField(fields)).toEqual({ column: "last_modified" });
    expect(additionField(fields)).toEqual({ column: "created_on" });
  });
});

describe("types of values", () => {
  it.each([
    [[1, 2, null], "n", "integer"],
    [[1, 900_000_000], "n", "bigint"],
    [[1], "user_id", "bigint"],
    [["9223372036854775807"], "n", "bigint"],
    [["18446744073709551615"], "n", "decimal(28,2)"],
    [[1.5, "2"], "n", "decimal(9,2)"],
    [["1e400"], "n", "text"],
    [[1e300], "n", "double"],
    [["007", "8"], "n", "text"],
    [["97201"], "zip", "text"],
    [[true, false], "n", "boolean"],
    [["true", "FALSE"], "n", "boolean"],
    [["yes", "no"], "n", "text"],
    [["2025-02-03"], "n", "date"],
    [["2025-02-30"], "n", "text"],
    [["2025-02-03T04:05:06Z", "2025-02-03"], "n", "timestamp"],
    [["05/06/2024"], "n", "text"],
    [[1_700_000_000], "created", "timestamp"],
    [[1_700_000_000_000], "updated_at", "timestamp"],
    [[1_700_000_000], "amount", "bigint"],
    [["09:30:00"], "n", "time"],
    [[{ a: 1 }], "n", "json"],
    [[[1]], "n", "json"],
    [[1, "x"], "n", "text"],
    [[], "n", "text"],
    [["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"], "n", "uuid"],
  ] as [unknown[], string, string][])("%j of %s: %s", (values, name, type) =>
    expect(typeOfValues(values, name).type).toBe(type),
  );
});

describe("pages", () => {
  const guess = (body: unknown, query: Record<string, string> = {}, records: unknown[] = [{}]) =>
    guessPages({ body, headers: {}, records, from: "data", query }).pagination;

  it.each([
    [{ next_page: 2, total_pages: 3 }, {}, { type: "page", send_as: "query.page", pages: "total_pages" }],
    [{ page: { number: 0, size: 20, totalPages: 5 } }, {}, { type: "page", first: 0, pages: "page.totalPages" }],
    [{ response_metadata: { next_cursor: "x" } }, {}, { type: "cursor", send_as: "query.cursor" }],
    [{ has_more: true, next_cursor: "x" }, { limit: "5" }, { type: "cursor", stop_when: "$not(has_more)", size: 5 }],
    [{ paging: { next: { after: "1" } } }, {}, { type: "cursor", cursor: "paging.next.after", send_as: "query.after" }],
    [{ paging: { previous: { before: "1" } } }, {}, { type: "none" }],
    [{ "@odata.nextLink": "https://x.example.com/2" }, {}, { type: "next_url", url: "`@odata.nextLink`" }],
    [{ startAt: 0, maxResults: 50, total: 80 }, {}, { type: "offset", send_as: "query.startAt", size: 50 }],
    [{ total: 1 }, {}, { type: "none" }],
  ] as [unknown, Record<string, string>, object][])("%j with %j: %j", (body, query, pagination) =>
    expect(guess(body, query)).toMatchObject(pagination),
  );

  it("a full page of what was asked for is told", () => {
    const { doubt } = guessPages({ body: {}, headers: {}, records: [{}, {}], from: "data", query: { limit: "2" } });
    expect(doubt).toContain("exactly 2 records");
  });
});

it("what a system calls its fields stays within its line", () => {
  const text = writeDraft({
    pipeline: "a.b",
    description: "x\n  y: 1 # z",
    remarks: ["one\ntwo: 3"],
    source: [{ key: "type", value: "csv" }],
    fields: [{ column: "c", from: "`#: {`", type: "text", note: "n\nsink: evil" }],
    upsert: { keys: ["c"] },
    keyRemarks: [],
    table: "t",
  });
  expect(text).toContain('description: "x\\n  y: 1 # z"');
  expect(text).not.toMatch(/^(two|sink: evil)/m);
  expect(text).toContain('c: "`#: {`"');
});
