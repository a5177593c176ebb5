/**
 * Nothing secret in anything that is left behind or shown: every line of the log, errors, history, rejects, and what
 * plan and preview print, while the servers of test/fixtures/api-shapes echo what they were sent in every way.
 */
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type * as time from "../../src/sources/http/time.ts";
import { type Handler, json, type Seen } from "../http/server.ts";
import { runEtl } from "../support/warm-etl.ts";
import { shapes, ShapeProject } from "../support/shape-project.ts";

const { jumps } = vi.hoisted(() => ({ jumps: [] as number[] }));

vi.mock("../../src/sources/http/time.ts", async (original) => {
  const { jumpingTime } = await import("../support/jumping-time.ts");
  return { realTime: jumpingTime((await original<typeof time>()).realTime, jumps) };
});
beforeEach(() => void jumps.splice(0));

/** Everything that a request carried, as a careless server repeats it. */
const echoOf = ({ method, url, headers, body }: Seen): string =>
  `cannot ${method} ${url} for ${Object.entries(headers)
    .filter(([name]) => /^(?:authorization|x-)/.test(name))
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ")} with ${body}`;

const credentialsOf = ({ headers }: Seen): string[] =>
  Object.entries(headers)
    .filter(([name]) => name === "authorization" || /^x-.*(?:key|token)/.test(name))
    .map(([, value]) => String(value));

const failures: Record<string, Handler> = {
  "a 401 in JSON": (request, response) => json(response, { error: { message: echoOf(request) } }, { status: 401 }),
  "a 400 as plain text": (request, response) => response.writeHead(400).end(echoOf(request)),
  "a 500 in HTML": (request, response) =>
    response
      .writeHead(500, { "content-type": "text/html" })
      .end(`<html><head><title>${echoOf(request)}</title></head><body>${echoOf(request)}</body></html>`),
  "a 429 in XML": (request, response) =>
    response.writeHead(429, { "content-type": "text/xml" }).end(`<fault><message>${echoOf(request)}</message></fault>`),
  "a 200 of another kind": (request, response) => json(response, { message: echoOf(request), error: echoOf(request) }),
  "a redirect to another host": (request, response) =>
    response
      .writeHead(302, {
        location: `http://localhost:${request.headers.host!.split(":")[1]}/elsewhere?was=${encodeURIComponent(credentialsOf(request).join(" "))}`,
      })
      .end(),
};

/** A secret in each form in which it may travel. */
const formsOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString("base64"),
];

async function tablesOf({ warehouse }: ShapeProject): Promise<string[]> {
  const shown: string[] = [];
  for (const table of ["sync_history", "sync_rejects"])
    shown.push(
      JSON.stringify(await warehouse.query(`select * from ${table}`), (_key, value: unknown) =>
        typeof value === "bigint" ? String(value) : value,
      ),
    );
  return shown;
}

function expectNone(project: ShapeProject, shown: string): void {
  const { secrets } = project.system;
  expect(secrets.length).toBeGreaterThan(0);
  for (const secret of secrets)
    for (const form of formsOf(secret))
      expect(
        shown.includes(form),
        `${form} in …${shown.slice(Math.max(0, shown.indexOf(form) - 300)).slice(0, 600)}`,
      ).toBe(false);
}

describe.each(shapes())("$system", ({ system, entities }) => {
  // The last one: a look at the first of Salesforce would make a job, and wait for it.
  const entity = entities.at(-1)!;

  it.each(Object.entries(failures))("shows no secret after %s", async (_name, handler) => {
    const project = await ShapeProject.open(system);
    const elsewhere: string[] = [];
    project.instead = (request, response, index) => {
      if (request.headers.host!.startsWith("localhost")) elsewhere.push(...credentialsOf(request));
      else if (request.path.includes("/token")) return false;
      handler(request, response, index);
      return true;
    };
    const shown: string[] = [];
    for (const name of entities) {
      const { summary, log } = await project.run(name);
      expect(summary.status).toBe("failed");
      shown.push(log, JSON.stringify(summary));
    }
    // Credentials are for the connection's own host.
    expect(elsewhere).toEqual([]);
    shown.push(...(await tablesOf(project)));
    expectNone(project, shown.join("\n"));
  });

  it("shows none in rejects, nor in what plan and preview print", async () => {
    const project = await ShapeProject.open(system);
    const shown: string[] = [];
    for (const name of entities) {
      const { summary, log } = await project.run(name);
      expect(summary).toMatchObject({ status: "success", error: null });
      shown.push(log, JSON.stringify(summary));
    }
    const env = { ...project.variables, ETL_ENV: "" };
    const spec = join(project.folder, `pipelines/${system}/${entity}.yml`);
    const commands = [
      ["plan", spec, "--full", "--debug"],
      ["preview", spec, "--debug"],
    ];
    const outputs = commands.map(async (command) => {
      const { stdout, stderr, code } = await runEtl(command, { cwd: project.folder, env });
      expect(`${command[0]} ${code} ${code === 0 ? "" : stderr}`).toBe(`${command[0]} 0 `);
      shown.push(stdout, stderr);
    });
    await Promise.all(outputs);
    shown.push(...(await tablesOf(project)));
    expectNone(project, shown.join("\n"));
  });
});

it("a record that repeats the token is a reject that does not", async () => {
  const project = await ShapeProject.open("pipedrive");
  project.instead = (request, response) => {
    json(response, { data: [{ id: "none", title: echoOf(request), update_time: "2025-05-01T00:00:00Z" }] });
    return true;
  };
  const { summary, log } = await project.run("deals");
  expect(summary.rejected).toBeGreaterThan(0);
  const spec = join(project.folder, "pipelines/pipedrive/deals.yml");
  const commands = ["text", "json"].map((format) => ["preview", spec, "--debug", "--output", format]);
  const outputs = [...commands, ["rejects", "list", "--output", "json"], ["rejects", "show", "1"]].map(
    async (command) => {
      const { stdout, stderr } = await runEtl(command, { cwd: project.folder, env: project.variables });
      expect(stdout).toContain("cannot GET");
      return stdout + stderr;
    },
  );
  const shown = [log, JSON.stringify(summary), ...(await tablesOf(project)), ...(await Promise.all(outputs))].join(
    "\n",
  );
  expect(shown).toContain("cannot GET");
  expectNone(project, shown);
});

it("a token server that refuses, and repeats the assertion", async () => {
  for (const system of ["salesforce", "sheets"]) {
    const project = await ShapeProject.open(system);
    project.instead = (request, response) => {
      const assertion = new URLSearchParams(request.body).get("assertion")!;
      project.system.secrets.push(assertion);
      json(response, { error: "invalid_grant", error_description: `no: ${assertion}` }, { status: 400 });
      return true;
    };
    const { entities } = shapes().find((one) => one.system === system)!;
    const { summary, log } = await project.run(entities[0]!);
    expect(summary.error).toContain("invalid_grant");
    expectNone(project, [log, JSON.stringify(summary), ...(await tablesOf(project))].join("\n"));
  }
});
