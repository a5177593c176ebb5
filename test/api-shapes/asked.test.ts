/** What the servers of test/fixtures/api-shapes are asked: first for everything, then for what changed since. */
import { beforeEach, expect, it, vi } from "vitest";
import type * as time from "../../src/sources/http/time.ts";
import { json, type Seen } from "../http/server.ts";
import { ShapeProject, type ShapeRun } from "../support/shape-project.ts";

const { jumps } = vi.hoisted(() => ({ jumps: [] as number[] }));

vi.mock("../../src/sources/http/time.ts", async (original) => {
  const { jumpingTime } = await import("../support/jumping-time.ts");
  return { realTime: jumpingTime((await original<typeof time>()).realTime, jumps) };
});
beforeEach(() => void jumps.splice(0));

/** A run of everything, and one of what changed. */
async function twice(project: ShapeProject, entity: string): Promise<[ShapeRun, ShapeRun]> {
  const full = await project.run(entity, { batchSize: 2 });
  project.system.change();
  project.pass(1);
  return [full, await project.run(entity, { batchSize: 2 })];
}

const distinct = (seen: readonly Seen[], name: string): unknown[] => [
  ...new Set(seen.map(({ query }) => query.get(name))),
];

it("CallRail: windows of 30 days, extra fields by name, an hour's budget that tells nothing", async () => {
  const project = await ShapeProject.open("callrail");
  const [full, delta] = await twice(project, "calls");
  // Two calls stand where windows meet, and CallRail gives them in both.
  expect(full.summary).toMatchObject({ fetched: 10, created: 8, since: null });
  const windows = [
    ...new Set(full.seen.map(({ query }) => `${query.get("start_date")}/${query.get("end_date")}`)),
  ].sort();
  expect(windows).toHaveLength(26);
  expect(windows[0]).toBe("2023-05-01T12:00:00Z/2023-05-31T12:00:00Z");
  expect(windows.at(-1)).toBe("2025-05-20T12:00:00Z/2025-06-01T12:00:00Z");
  expect(distinct(full.seen, "fields")).toEqual([
    "start_time,id,answered,direction,duration,recording_duration,value,note,tags,milestones",
  ]);
  expect(new Set(full.seen.map(({ headers }) => headers.authorization))).toEqual(
    new Set([`Token token="${project.system.secrets[0]}"`]),
  );
  expect(distinct(full.seen, "company_id")).toEqual([null]);
  // A 429 that says nothing is waited for a minute.
  expect(jumps.some((ms) => ms > 55_000 && ms < 70_000)).toBe(true);
  // Seven days before the last call.
  expect(delta.summary).toMatchObject({ mode: "incremental", since: "2025-05-25T01:00:00Z" });
  expect(distinct(delta.seen, "start_date")).toEqual(["2025-05-25T01:00:00Z"]);
  expect(delta.summary).toMatchObject({ created: 1, updated: 1 });
});

it("CallRail: a company narrows, so the run of one moves no watermark", async () => {
  const project = await ShapeProject.open("callrail");
  const one = await project.run("calls", { params: { company: "COM1" } });
  expect(distinct(one.seen, "company_id")).toEqual(["COM1"]);
  expect((await project.run("calls")).summary).toMatchObject({ mode: "initial_full", since: null });
});

it("Arrivy: a window that rolls, each part up to its empty page; what has not moved is filtered here", async () => {
  const project = await ShapeProject.open("arrivy");
  const [full, delta] = await twice(project, "tasks");
  const answered = full.seen.map(({ query }) => `${query.get("from")} ${query.get("page")}`);
  const windows = distinct(full.seen, "from").map(String).sort();
  expect(windows).toHaveLength(18);
  expect(windows[0]).toBe("2025-05-02T12:00:00Z");
  expect(distinct(full.seen, "to").map(String).sort().at(-1)).toBe("2025-08-30T12:00:00Z");
  // Three tasks in pages of two, and the empty one that ends it.
  expect(answered.filter((text) => text.startsWith("2025-05-30T12:00:00Z")).sort()).toEqual(
    expect.arrayContaining([1, 2, 3].map((page) => `2025-05-30T12:00:00Z ${page}`)),
  );
  // Task 1 and the two of June, none of them new; of two that are not there any more one answers 404.
  expect(delta.summary).toMatchObject({ fetched: 5, created: 1, updated: 1, filtered: 2, deleted: 1 });
  expect(
    delta.seen
      .filter(({ path }) => path !== "/api/tasks")
      .map(({ path }) => path)
      .sort(),
  ).toEqual(["/api/tasks/9007199254740994", "/api/tasks/9007199254740995"]);
  expect(distinct(delta.seen, "from").filter(Boolean).map(String).sort()[0]).toBe("2025-05-03T12:00:00Z");
});

it("SalesRabbit: since when is a header, of its own for changes of status; 304 is nothing new", async () => {
  const project = await ShapeProject.open("salesrabbit");
  const [full, delta] = await twice(project, "leads");
  const [, events] = await twice(project, "lead_status_history");
  const header = (run: ShapeRun, name: string): unknown[] => [...new Set(run.seen.map(({ headers }) => headers[name]))];
  expect(header(full, "if-modified-since")).toEqual([undefined]);
  expect(header(delta, "if-modified-since")).toEqual(["2025-06-01T09:00:00Z"]);
  expect(delta.summary).toMatchObject({ fetched: 4, created: 1, updated: 1, unchanged: 1, filtered: 1, deleted: 1 });
  expect(header(events, "if-status-modified-since")).toEqual(["2025-06-02T09:00:00Z"]);
  expect(header(events, "if-modified-since")).toEqual([undefined]);
  for (const entity of ["leads", "lead_status_history"]) {
    project.instead = (_request, response) => response.writeHead(304).end();
    const { summary, log } = await project.run(entity);
    expect(summary).toMatchObject({ status: "success", mode: "incremental", fetched: 0, api_calls: 1 });
    expect(log).toContain("the source has not changed since the last run");
    // Where it had been: the next one asks from there.
    project.instead = undefined;
    const next = await project.run(entity);
    const name = entity === "leads" ? "if-modified-since" : "if-status-modified-since";
    expect(header(next, name)).toEqual(["2025-06-02T09:00:00Z"]);
  }
});

it("Five9: Pacific time in the criterion; a limit that is met is waited for; nobody found is an empty list", async () => {
  const project = await ShapeProject.open("five9");
  const [full, delta] = await twice(project, "contacts");
  const criterion = ({ body }: Seen): string => /<value>(.*)<\/value>/.exec(body)![1]!;
  expect(full.seen.map(criterion)).toEqual(Array.from({ length: 3 }, () => "12/31/1969 16:00:00"));
  expect(jumps.filter((ms) => ms >= 55_000)).toEqual([60_000]);
  // 24 hours before 05/31/2025 09:00:00, the last disposition.
  expect(delta.seen.map(criterion)).toEqual(["05/30/2025 09:00:00"]);
  expect(delta.summary).toMatchObject({ fetched: 3, created: 1, updated: 1, unchanged: 1 });
  project.instead = (_request, response) => {
    response.writeHead(200, { "content-type": "text/xml" });
    return response.end(
      `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><r:getContactRecordsResponse xmlns:r="x"><return><fields>contactID</fields></return></r:getContactRecordsResponse></e:Body></e:Envelope>`,
    );
  };
  expect((await project.run("contacts")).summary).toMatchObject({ status: "success", fetched: 0 });
});

it("Five9: an answer of another kind is no empty list", async () => {
  const project = await ShapeProject.open("five9");
  project.instead = (_request, response) => {
    response.writeHead(200, { "content-type": "text/xml" });
    return response.end("<e:Envelope xmlns:e='x'><e:Body><maintenance/></e:Body></e:Envelope>");
  };
  const { summary } = await project.run("contacts");
  expect(summary).toMatchObject({ status: "failed" });
  expect(summary.error).toContain("there is nothing at records");
});

it("MarketSharp: signed with the second it is sent in; $filter, $skip and $top", async () => {
  const project = await ShapeProject.open("marketsharp");
  const [full, delta] = await twice(project, "contacts");
  expect(full.seen.map(({ query }) => [query.get("$skip"), query.get("$top"), query.get("$filter")])).toEqual([
    ["0", "2", null],
    ["2", "2", null],
    // After a 503, and signed anew.
    ["2", "2", null],
    ["3", "2", null],
  ]);
  // Ten minutes before the last one.
  expect(distinct(delta.seen, "$filter")).toEqual(["lastUpdate gt datetime'2025-05-31T09:50:00'"]);
  expect(delta.summary).toMatchObject({ fetched: 2, updated: 1, unchanged: 1 });
  const inquiries = await project.run("inquiries");
  expect(new Set(inquiries.seen.map(({ headers }) => headers.accept))).toEqual(new Set(["application/json"]));
});

it("LeadConduit: pages after the last id, a start in ISO 8601 for times in milliseconds", async () => {
  const project = await ShapeProject.open("leadconduit");
  const [full, delta] = await twice(project, "events");
  expect(distinct(full.seen, "start")).toEqual(["2024-01-01T00:00:00Z"]);
  expect(distinct(full.seen, "after_id")).toEqual([
    null,
    "665a6480aaaaaaaaaa000003",
    "683c24a0aaaaaaaaaa000005",
    "683c39b8aaaaaaaaaa000006",
  ]);
  expect(distinct(delta.seen, "start")).toEqual(["2025-06-01T11:25:00Z"]);
  expect(delta.summary).toMatchObject({ fetched: 3, created: 2, unchanged: 1 });
});

it("Google Sheets: one assertion a token, one token for both runs; an empty sheet has no values", async () => {
  const project = await ShapeProject.open("sheets");
  const [full, again] = await twice(project, "leads");
  const tokens = [...full.seen, ...again.seen].filter(({ path }) => path === "/token");
  expect(tokens).toHaveLength(1);
  expect(new Set(full.seen.filter(({ path }) => path !== "/token").map(({ url }) => url))).toEqual(
    new Set(["/v4/spreadsheets/1AbC/values/Marketing%20Leads!A1%3AZ?valueRenderOption=UNFORMATTED_VALUE"]),
  );
  // RESOURCE_EXHAUSTED says nothing of when; the HTML page of a proxy is asked again.
  expect(full.summary).toMatchObject({ retries: 2, fetched: 4, created: 4 });
  expect(again.summary).toMatchObject({ fetched: 5, created: 1, updated: 1, unchanged: 3 });
});

it("Salesforce: the instance that the token names, the path that each page names, a session that is closed", async () => {
  const project = await ShapeProject.open("salesforce");
  const [full, delta] = await twice(project, "users");
  expect(full.seen.map(({ path }) => path.replace(/01g\d+/, "01g…"))).toEqual([
    "/services/oauth2/token",
    "/instance/services/data/v62.0/query",
    "/instance/services/data/v62.0/query/01g…-2",
    // 503; then the session is over, and a new one goes on with the same page.
    "/instance/services/data/v62.0/query/01g…-2",
    "/services/oauth2/token",
    "/instance/services/data/v62.0/query/01g…-2",
    "/instance/services/data/v62.0/query/01g…-2",
    // totalSize, once more at the end.
    "/instance/services/data/v62.0/query",
  ]);
  expect(delta.seen[0]!.query.get("q")).toBe(
    "SELECT Id, Username, IsActive, Profile.Name, SystemModstamp FROM User WHERE SystemModstamp >= 2025-06-01T11:53:00Z AND SystemModstamp < 2025-06-02T12:00:00Z ORDER BY SystemModstamp",
  );
  expect(delta.summary).toMatchObject({ fetched: 4, created: 2, updated: 1, unchanged: 1 });
});

it("Salesforce: a job for everything and one for what changed, each fetched by its locator and removed", async () => {
  const project = await ShapeProject.open("salesforce");
  const [full, delta] = await twice(project, "contacts");
  const job = "/instance/services/data/v62.0/jobs/query";
  expect(full.seen.map(({ method, path, query }) => `${method} ${path} ${query.get("locator")}`)).toEqual([
    "POST /services/oauth2/token null",
    `POST ${job} null`,
    `GET ${job}/750R00000000001AAA null`,
    // The session is over; the job is not.
    `GET ${job}/750R00000000001AAA null`,
    "POST /services/oauth2/token null",
    `GET ${job}/750R00000000001AAA null`,
    `GET ${job}/750R00000000001AAA/results null`,
    `GET ${job}/750R00000000001AAA/results Mg==`,
    `GET ${job}/750R00000000001AAA/results NA==`,
    `DELETE ${job}/750R00000000001AAA null`,
  ]);
  expect(full.summary).toMatchObject({ fetched: 5, created: 4, filtered: 1 });
  const made = delta.seen.find(({ method, path }) => method === "POST" && path === job)!;
  expect(JSON.parse(made.body)).toEqual({
    operation: "queryAll",
    query:
      "SELECT SystemModstamp, IsDeleted, Id, FirstName, MailingStreet FROM Contact WHERE SystemModstamp >= 2025-06-01T11:53:00Z AND SystemModstamp < 2025-06-02T12:00:00Z",
  });
  expect(delta.summary).toMatchObject({ fetched: 4, created: 1, unchanged: 2, filtered: 1, deleted: 1 });
});

it("Pipedrive: two lists at two prices, never more than the budget, since when without a fraction", async () => {
  const project = await ShapeProject.open("pipedrive");
  const [full, delta] = await twice(project, "deals");
  const count = (run: ShapeRun, path: string): number => run.seen.filter((one) => one.path === path).length;
  expect([count(full, "/api/v2/deals"), count(full, "/api/v2/deals/archived")].sort()).toEqual([3, 4]);
  expect(full.summary).toMatchObject({ fetched: 8, created: 8, retries: 2 });
  expect(distinct(full.seen, "updated_since")).toEqual(["1970-01-01T00:00:00Z"]);
  const listed = delta.seen.filter(({ query }) => query.get("status") === "deleted");
  expect(
    distinct(
      delta.seen.filter((one) => !listed.includes(one)),
      "updated_since",
    ),
  ).toEqual(["2025-06-01T11:45:00Z"]);
  expect(listed.map(({ url }) => url)).toEqual(["/api/v2/deals?status=deleted&limit=500"]);
  expect(delta.summary).toMatchObject({ fetched: 4, created: 1, updated: 2, unchanged: 1, deleted: 1 });
  // The server complains of more than 80 in two seconds.
  expect(project.system.complaints).toEqual([]);
});

it("GitHub: the ETag of a file is sent again, and 304 is nothing to read", async () => {
  const project = await ShapeProject.open("github");
  const [, raw] = await twice(project, "zip_codes");
  const [first, again] = await twice(project, "divisions");
  expect(raw.summary).toMatchObject({ fetched: 4, filtered: 1, created: 1, updated: 1 });
  expect(first.seen.map(({ headers }) => headers["if-none-match"])).toEqual([undefined]);
  expect(again.seen.map(({ headers }) => headers["if-none-match"])).toEqual([
    expect.stringMatching(/^W\/"[0-9a-f]{40}"$/),
  ]);
  expect(again.summary).toMatchObject({ status: "success", fetched: 0, api_calls: 1 });
  // Whoever wants all of it gets it.
  const whole = await project.run("divisions", { full: true });
  expect(whole.seen.map(({ headers }) => headers["if-none-match"])).toEqual([undefined]);
  expect(whole.summary).toMatchObject({ fetched: 2, unchanged: 2 });
  // One answer of an API is asked for in the same way.
  const listed = [await project.run("files"), await project.run("files")];
  expect(listed[0]!.summary).toMatchObject({ fetched: 2, created: 2, retries: 1 });
  expect(listed[1]!.summary).toMatchObject({ status: "success", fetched: 0, api_calls: 1 });
  expect(project.system.complaints).toEqual([]);
});

it("a budget that is spent ends a run before the call that would take from the reserve", async () => {
  const project = await ShapeProject.open("pipedrive");
  project.instead = (_request, response) => {
    const data = { success: true, data: [{ id: 1 }], additional_data: { next_cursor: "abc" } };
    json(response, data, { headers: { "x-daily-ratelimit-token-remaining": "30005" } });
    return true;
  };
  const { summary, seen } = await project.run("deals");
  expect(summary.status).toBe("failed");
  expect(summary.error).toMatch(/reserve/);
  // Both lists began at once.
  expect(seen.length).toBeLessThanOrEqual(2);
});
