/** `etl new` over APIs and files: one call, and a spec that reads all pages as it stands. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { runsOf } from "../support/hubspot-project.ts";
import { runEtl } from "../support/warm-etl.ts";
import { warehouses } from "../support/warehouses.ts";

const token = "shop-token-do-not-write";

/** 25 orders of many types; ids beyond what a double holds. */
const orders = Array.from({ length: 25 }, (_, index) => ({
  id: `@${9007199254740993n + BigInt(index)}@`,
  orderNumber: `00${index}`,
  Total: index === 3 ? 1234.5678 : index,
  isOpen: index % 2 === 0,
  placedOn: "2025-02-03",
  updatedAt: `2025-01-02T03:04:${String(index).padStart(2, "0")}Z`,
  customer: {
    email: index === 4 ? "nobody" : `c${index}@example.com`,
    "zip-code": "97201",
    api_token: "tok-in-a-record",
  },
  lines: [{ sku: "a" }],
  uid: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
  closed: null,
}));

interface Reply {
  body: unknown;
  headers?: Record<string, string>;
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server of one way of paging, and a project whose connection asks it. */
async function shop(reply: (url: URL, base: string) => Reply) {
  const asked: string[] = [];
  let base = "";
  const server = createServer((request: IncomingMessage, response) => {
    asked.push(request.url ?? "");
    if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end("{}");
    const { body, headers = {} } = reply(new URL(request.url ?? "/", base), base);
    // Numbers that no double holds are written as they are.
    return response
      .writeHead(200, { "content-type": "application/json", ...headers })
      .end(JSON.stringify(body).replace(/"@(\d+)@"/g, "$1"));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = project();
  mkdirSync(join(folder, "pipelines/shop"), { recursive: true });
  writeFileSync(
    join(folder, "pipelines/shop/connection.yml"),
    'connection: shop\ntype: api\nbase_url: "${SHOP_URL}"\nauth: { type: bearer, token: "${SHOP_TOKEN}" }\n',
  );
  closing.push(
    () => void server.closeAllConnections(),
    () => void server.close(),
  );
  const etl = (...args: string[]) => runEtl(args, { cwd: folder, env: { SHOP_URL: base, SHOP_TOKEN: token } });
  return { folder, asked, etl };
}

function project(): string {
  const folder = mkdtempSync(join(tmpdir(), "etl-new-"));
  writeFileSync(join(folder, "etl.yml"), "environments: { development: { validation: strict } }\n");
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const pageOf = (url: URL, from: number): typeof orders =>
  orders.slice(from, from + Number(url.searchParams.get("limit") ?? 10));

/** How systems say that there is more. */
const pagings: Record<string, { path: string; reply: Parameters<typeof shop>[0]; spec: string[]; doubtful: boolean }> =
  {
    "a Link header": {
      path: "/orders",
      reply: (url, base) => {
        const from = Number(url.searchParams.get("from") ?? 0);
        return {
          body: pageOf(url, from),
          ...(from + 10 < orders.length ? { headers: { link: `<${base}/orders?from=${from + 10}>; rel="next"` } } : {}),
        };
      },
      spec: ["records: $", "pagination: { type: next_url, link_header: next }"],
      doubtful: false,
    },
    "an address in the body": {
      path: "/orders",
      reply: (url, base) => {
        const from = Number(url.searchParams.get("from") ?? 0);
        const next = from + 10 < orders.length ? { href: `${base}/orders?from=${from + 10}` } : null;
        return { body: { warnings: [{ text: "x" }], value: pageOf(url, from), links: { next } } };
      },
      spec: [
        "records: value",
        "pagination: { type: next_url, url: links.next.href }",
        "# Other lists of the answer: warnings (1).",
      ],
      doubtful: true,
    },
    "a cursor": {
      path: "/orders?limit=10&status=open",
      reply: (url) => {
        const from = Number(url.searchParams.get("pageToken") ?? 0);
        return {
          body: {
            result: { orders: pageOf(url, from) },
            ...(from + 10 < orders.length ? { nextPageToken: String(from + 10) } : {}),
          },
        };
      },
      spec: [
        "records: result.orders",
        "pagination: { type: cursor, cursor: nextPageToken, send_as: query.pageToken, size: 10, size_as: query.limit }",
        "request: { path: /orders, query: { status: open } }",
        "# GUESS:",
      ],
      doubtful: true,
    },
    "page numbers with a total": {
      path: "/orders",
      reply: (url) => {
        const page = Number(url.searchParams.get("page") ?? 1);
        return { body: { data: pageOf(url, (page - 1) * 10), meta: { current_page: page, per_page: 10, total: 25 } } };
      },
      spec: [
        "records: data",
        "pagination: { type: page, send_as: query.page, size: 10, size_as: query.per_page, total: meta.total }",
      ],
      doubtful: true,
    },
    "offsets with a total": {
      path: "/orders",
      reply: (url) => {
        const offset = Number(url.searchParams.get("offset") ?? 0);
        return { body: { orders: pageOf(url, offset), offset, limit: 10, total_count: 25 } };
      },
      spec: [
        "records: orders",
        "pagination: { type: offset, send_as: query.offset, size: 10, size_as: query.limit, total: total_count }",
      ],
      doubtful: true,
    },
  };

describe("etl new from an answer of an API", () => {
  it.each(Object.entries(pagings))(
    "paged by %s: one call; the spec is valid and reads all",
    async (_, { path, reply, spec, doubtful }) => {
      const { folder, asked, etl } = await shop(reply);
      const made = await etl("new", "shop.orders", "--path", path);
      expect(made, made.stderr).toMatchObject({ code: 0, stdout: "" });
      expect(asked).toEqual([path]);
      expect(made.stderr.includes("look at:"), made.stderr).toBe(doubtful);
      const text = readFileSync(join(folder, "pipelines/shop/orders.yml"), "utf8");
      for (const line of spec) expect(text).toContain(line);
      expect(text).not.toMatch(/127\.0\.0\.1|shop-token|tok-in-a-record|example\.com/);
      expect(text).toMatch(/^ {2}id: +\{ from: id, type: bigint \}/m);
      expect(text).toMatch(/^ {2}order_number: +orderNumber$/m);
      expect(text).toMatch(/^ {2}total: +\{ from: Total, type: "decimal\(\d+,4\)" \}/m);
      expect(text).toMatch(/^ {2}is_open: +\{ from: isOpen, type: boolean \}/m);
      expect(text).toMatch(/^ {2}placed_on: +\{ from: placedOn, type: date \}/m);
      expect(text).toMatch(/^ {2}customer_email: +\{ from: customer\.email, validate: email, on_fail: warn \}/m);
      expect(text).toMatch(
        /^ {2}customer_zip_code: +\{ from: "?customer\.`zip-code`"?, validate: zip_code, on_fail: warn \}/m,
      );
      expect(text).toMatch(/^ {2}# customer_api_token: .*looks like a secret/m);
      expect(text).toMatch(/^ {2}lines: +\{ from: lines, type: json \} +# a list/m);
      expect(text).toContain("delta: { field: updatedAt, local: true, overlap: 10m }");
      expect(text).toContain("upsert: { keys: [id], newer_by: updated_at }");
      const valid = await etl("validate", "pipelines/shop/orders.yml");
      expect(valid, valid.stdout).toMatchObject({ code: 0, stdout: "" });
      const warehouse = await warehouses[0].open();
      try {
        const ended = await etl("run", "shop.orders", "--warehouse", warehouse.address, "--output", "json");
        expect(ended.code, ended.stderr).toBe(0);
        expect(runsOf(ended)).toMatchObject([{ status: "success", fetched: 25, created: 25, rejected: 0 }]);
        const [row] = await warehouse.query("SELECT id, order_number FROM shop_order ORDER BY id DESC LIMIT 1");
        expect([String(row!["id"]), row!["order_number"]]).toEqual(["9007199254741017", "0024"]);
      } finally {
        await warehouse.close();
      }
    },
    60_000,
  );

  it("a page of which nothing says how the next one follows is told", async () => {
    const { folder, etl } = await shop(() => ({ body: { data: orders.slice(0, 10), has_more: true } }));
    const made = await etl("new", "shop.orders", "--path", "/orders");
    expect(made.code, made.stderr).toBe(0);
    expect(made.stderr).toContain("look at: pagination: only the first page is read, but has_more is true");
    expect(readFileSync(join(folder, "pipelines/shop/orders.yml"), "utf8")).toContain("pagination: { type: none }");
  });

  it("--records says where the list is, and --sample how much is looked at", async () => {
    const { etl } = await shop(() => ({
      body: {
        data: orders,
        others: [
          { key: "x", n: 1 },
          { key: "y", n: "words" },
        ],
      },
    }));
    const made = await etl("new", "shop.things", "--path", "/x", "--records", "others", "--sample", "1", "--stdout");
    expect(made.code, made.stderr).toBe(0);
    expect(made.stdout).toMatch(/records: others[\s\S]*n: +\{ from: n, type: integer \}/);
  });

  it.each([
    [[], /is an API: say what to ask it for, such as --path \/orders/],
    [["--path", "/orders?api_key=abc"], /--path holds api_key, which looks like a credential/],
    [["--path", "/orders", "--table", "x"], /--table says nothing of an api connection/],
    [["--path", "/nothing"], /the answer has no list of objects; it has error\. Ask for a list/],
    [["--path", "/nothing", "--records", "data"], /there is nothing at records \(data\)/],
  ] as [string[], RegExp][])(
    "etl new shop.orders %j ends with an error that says what to do",
    async (args, message) => {
      const { etl } = await shop(() => ({ body: { error: "no" } }));
      const ended = await etl("new", "shop.orders", ...args);
      expect([1, 2]).toContain(ended.code);
      expect(ended.stderr).toMatch(message);
      expect(ended.stderr).not.toContain(token);
    },
  );
});

describe("etl new from a CSV file", () => {
  it("header, types, NULL texts and the delimiter; runs with equal counts", async () => {
    const folder = project();
    writeFileSync(
      join(folder, "people.csv"),
      'Person ID;Full Name;Phone;Zip;Balance;Born;Active;Password;Last Modified;"odd;one"\n' +
        "1;Ada;503-555-0123;01234;10.50;1815-12-10;true;hunter2;2025-01-01T00:00:00Z;x\n" +
        "2;Alan;NULL;97201;-3;NULL;false;hunter3;2025-01-02T00:00:00Z;\n",
    );
    const etl = (...args: string[]) => runEtl(args, { cwd: folder });
    const made = await etl("new", "files.people", "--file", "people.csv");
    expect(made, made.stderr).toMatchObject({ code: 0, stdout: "" });
    const text = readFileSync(join(folder, "pipelines/files/people.yml"), "utf8");
    expect(text).not.toContain("hunter");
    for (const line of [
      "path: ../../people.csv",
      "delimiter: ;",
      "null_values:",
      "keys: [person_id], newer_by: last_modified",
    ])
      expect(text).toContain(line);
    expect(text).toMatch(/^ {2}zip: +\{ from: Zip, validate: zip_code, on_fail: warn \}/m);
    expect(text).toMatch(/^ {2}balance: +\{ from: Balance, type: "decimal\(10,2\)" \}/m);
    expect(text).toMatch(/^ {2}born: +\{ from: Born, type: date \}/m);
    expect(text).toMatch(/^ {2}# password: /m);
    const valid = await etl("validate", "pipelines/files/people.yml");
    expect(valid, valid.stdout).toMatchObject({ code: 0, stdout: "" });
    const warehouse = await warehouses[0].open();
    try {
      const ended = await etl("run", "files.people", "--warehouse", warehouse.address, "--output", "json");
      expect(runsOf(ended)).toMatchObject([{ status: "success", fetched: 2, created: 2, rejected: 0 }]);
      expect(await warehouse.query("SELECT zip, born FROM files_people ORDER BY person_id")).toMatchObject([
        { zip: "01234", born: "1815-12-10" },
        { zip: "97201", born: null },
      ]);
    } finally {
      await warehouse.close();
    }
  }, 60_000);

  it("a file that is not there, or has nothing but a header", async () => {
    const folder = project();
    writeFileSync(join(folder, "empty.csv"), "id,name\n");
    const etl = (...args: string[]) => runEtl(args, { cwd: folder });
    const missing = await etl("new", "files.people", "--file", "nowhere.csv");
    expect([missing.code, missing.stderr]).toEqual([2, "etl: there is no file nowhere.csv\n"]);
    const empty = await etl("new", "files.people", "--file", "empty.csv");
    expect(empty.code).toBe(2);
    expect(empty.stderr).toContain("has no line below its header");
  });
});
