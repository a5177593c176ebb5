/** The shipped hubspot.zipcodes, against a server that gives a file as GitHub's raw host does: with an ETag. */
import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { serve, type Served } from "../http/server.ts";
import { hubspotProject, runsOf, type HubspotProject } from "../support/hubspot-project.ts";
import { warehouses, type TestWarehouse } from "../support/warehouses.ts";

const path = "/acme/zip-codes/main/zips.csv";
/** With a byte order mark and Windows line ends, as spreadsheets write them. */
const file = (rows: string[]): string => `\ufeffzipcode,division,city,county,state\r\n${rows.join("\r\n")}\r\n`;
const first = ["02134,North,Allston,Suffolk,MA", "60601,Central,Chicago,,IL", "2134,North,Robbed,,MA"];

let content: string;
let server: Served;
let project: HubspotProject;
let warehouse: TestWarehouse;

beforeEach(async () => {
  content = file(first);
  server = await serve((request, response) => {
    if (request.path !== path) return response.writeHead(404).end("404: Not Found");
    const etag = `W/"${createHash("sha256").update(content).digest("hex")}"`;
    const headers = { etag, "cache-control": "max-age=300", "content-type": "text/plain; charset=utf-8" };
    if (request.headers["if-none-match"] === etag) return response.writeHead(304, headers).end();
    return response.writeHead(200, headers).end(content);
  });
  project = hubspotProject({ url: server.url, token: "t" });
  warehouse = await warehouses[0].open();
});
afterEach(async () => {
  project.remove();
  await warehouse.close();
});

async function run(...flags: string[]) {
  const output = await project.etl(
    ["run", "hubspot.zipcodes", "--warehouse", warehouse.address, "--output", "json", ...flags],
    { HUBSPOT_ZIPCODES_URL: `${server.url}${path}` },
  );
  return { output, run: runsOf(output)[0] };
}

it("reads the file once, and again when it is another; 304 is a run with nothing to do", async () => {
  expect((await run()).run).toMatchObject({ status: "success", fetched: 3, filtered: 1, created: 2 });
  expect(await warehouse.query("select zipcode, division, city, county from hubspot_zipcode order by zipcode")).toEqual(
    [
      { zipcode: "02134", division: "North", city: "Allston", county: "Suffolk" },
      { zipcode: "60601", division: "Central", city: "Chicago", county: null },
    ],
  );

  const second = await run();
  expect(second.run).toMatchObject({ status: "success", fetched: 0, created: 0, unchanged: 0, api_calls: 1 });
  expect(second.output.stderr).toContain("the source has not changed since the last run; nothing was fetched");
  expect(second.output.code).toBe(0);

  content = file([first[0]!.replace("North", "East"), first[1]!]);
  expect((await run()).run).toMatchObject({ status: "success", fetched: 2, created: 0, updated: 1, unchanged: 1 });

  // Whoever asks for everything gets it, changed or not.
  expect((await run("--full")).run).toMatchObject({ fetched: 2, unchanged: 2 });
  const sent = server.seen.map(({ headers }) => headers["if-none-match"] !== undefined);
  expect(sent).toEqual([false, true, true, false]);
});

it("says what is missing where no address is set", async () => {
  const { stderr, code } = await project.etl(["run", "hubspot.zipcodes", "--warehouse", warehouse.address], {
    HUBSPOT_ZIPCODES_URL: "",
  });
  expect(code).toBe(2);
  expect(stderr).toMatch(/url/);
  expect(stderr).toMatch(/HUBSPOT_ZIPCODES_URL/);
});
