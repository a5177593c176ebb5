import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { layOver } from "../../src/spec/lay-over.ts";
import { loadConnectionFile } from "../../src/spec/load.ts";
import { connection, folderOf, load, projectIn, shown } from "./support.ts";

describe("laying over", () => {
  it.each<[string, unknown, unknown, unknown]>([
    ["maps merge deeply", { a: { b: 1, c: 2 } }, { a: { c: 3, d: 4 } }, { a: { b: 1, c: 3, d: 4 } }],
    ["lists are replaced", { a: [1, 2] }, { a: [3] }, { a: [3] }],
    ["scalars are replaced, maps by scalars too", { a: { b: 1 }, c: 1 }, { a: 2, c: { d: 1 } }, { a: 2, c: { d: 1 } }],
    ["null removes a key", { a: 1, b: { c: 1, d: 2 } }, { a: null, b: { c: null } }, { b: { d: 2 } }],
    ["null removes nothing that is not there", {}, { a: null }, {}],
    ["a key named __proto__ is a key", {}, JSON.parse('{"__proto__": 1}'), JSON.parse('{"__proto__": 1}')],
  ])("%s", (_, base, over, expected) => {
    const before = JSON.stringify([base, over]);
    expect(layOver(base, over)).toEqual(expected);
    expect(JSON.stringify([base, over])).toBe(before);
  });
});

describe("an environment over a connection", () => {
  const own = `${connection}concurrency: 4
rate_limits: [{ requests: 100, per: 10s }]
headers: { A: a, B: b }
environments:
  staging: { concurrency: 2, headers: { B: null, C: c } }
`;
  const etl = `environment: staging
environments:
  staging: { connections: { shop: { rate_limits: [{ requests: 5, per: 1s }], concurrency: 1 } } }
  production: { connections: { other: { concurrency: 9 } } }
pipelines: [none]
`;

  it("is the connection's own first, then etl.yml's; defaults come last", () => {
    const { pipeline } = load({ connection: own, etl });
    expect(pipeline?.connection).toMatchObject({
      concurrency: 1,
      rate_limits: [{ requests: 5, per: "1s" }],
      headers: { A: "a", C: "c" },
      timeout: "30s",
    });
    expect(pipeline?.connection).not.toHaveProperty("headers.B");
    expect(pipeline?.connection).not.toHaveProperty("environments");
  });

  it("is that of --env before ETL_ENV before etl.yml's key", () => {
    const named = (flags: Parameters<typeof load>[1]): string =>
      load({ connection: own, etl }, flags).project.environmentName;
    expect(named({})).toBe("staging");
    expect(named({ variables: { ETL_ENV: "production" } })).toBe("production");
    expect(named({ environment: "staging", variables: { ETL_ENV: "production" } })).toBe("staging");
    expect(load({ connection: own, etl }, { environment: "production" }).pipeline?.connection).toMatchObject({
      concurrency: 4,
      headers: { A: "a", B: "b" },
    });
  });

  it("has its mistakes shown where they are written", () => {
    const folder = folderOf({
      "connection.yml": own.replace("concurrency: 2", "concurrency: two"),
      "etl.yml": etl.replace("concurrency: 1", "concurency: 1").replace("per: 1s", "per: 1"),
      "pipelines.yml": "",
    });
    const { problems } = loadConnectionFile(join(folder, "connection.yml"), projectIn(folder));
    expect(
      problems
        .map(({ file, code, line, column }) => `${file.slice(folder.length + 1)} ${code} ${line}:${column}`)
        .sort(),
    ).toEqual(["connection.yml E103 8:27", "etl.yml E101 3:77", "etl.yml E103 3:71"]);
  });

  it("that is not in use is checked, but its variables need not be set", () => {
    const { problems } = load({
      connection: `${connection}environments:\n  production: { base_url: "\${NOWHERE}", timeout: soon }\n`,
    });
    expect(shown(problems)).toEqual(['E105 5:50 timeout "soon" must be a number and a unit: 500ms, 30s, 10m, 2h, 7d']);
  });
});

describe("the project", () => {
  it("has its warehouse from --warehouse, else the environment, else the file, relative to etl.yml", () => {
    const folder = folderOf({
      "etl.yml":
        "warehouse: sqlite:a/own.db\nenvironments:\n  staging: { warehouse: sqlite:staging.db }\n  production: { warehouse: '${DSN}' }\n",
    });
    expect(projectIn(folder).warehouse).toBe(`sqlite:${folder}/a/own.db`);
    expect(projectIn(folder, { environment: "staging" }).warehouse).toBe(`sqlite:${folder}/staging.db`);
    expect(projectIn(folder, { environment: "production", variables: { DSN: "postgres://u:p@h/d" } }).warehouse).toBe(
      "postgres://u:p@h/d",
    );
    expect(projectIn(folder, { environment: "staging", warehouse: "sqlite:here.db" }).warehouse).toBe(
      `sqlite:${process.cwd()}/here.db`,
    );
  });

  it("asks for the variables of the environment in use alone", () => {
    const folder = folderOf({ "etl.yml": "environments:\n  development: {}\n  production: { warehouse: '${DSN}' }\n" });
    expect(projectIn(folder).problems).toEqual([]);
    expect(shown(projectIn(folder, { environment: "production" }).problems)).toEqual([
      "E405 3:29 the environment variable DSN is not set. Set it, or give a default: ${DSN:-…}",
    ]);
  });

  it("has an environment that does not exist named, with the one that is meant", () => {
    const folder = folderOf({
      "etl.yml": "environment: ${WHICH:-staging}\nenvironments: { staging: {}, production: {} }\n",
    });
    expect(shown(projectIn(folder, { environment: "prod" }).problems)).toEqual([
      `E400 1:1 there is no environment "prod" in ${folder}/etl.yml. Did you mean "production"?`,
    ]);
    expect(shown(projectIn(folder, { variables: { WHICH: "live" } }).problems)).toEqual([
      'E419 1:14 there is no environment "live". Known: staging, production.',
    ]);
  });

  it("needs no etl.yml, and no environments", () => {
    const folder = folderOf({ "a.yml": "" });
    expect(projectIn(folder)).toMatchObject({
      environmentName: "development",
      environment: {},
      problems: [],
      pipelineFolders: [join(process.cwd(), "pipelines")],
    });
    expect(projectIn(folderOf({ "etl.yml": "" })).problems).toEqual([]);
  });
});
