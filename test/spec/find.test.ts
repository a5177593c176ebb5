import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findSpecs, projectOf } from "../../src/spec/find.ts";
import { connection, folderOf, pipeline, projectIn } from "./support.ts";

const folder = folderOf({
  "etl.yml": "pipelines: [systems, more]\n",
  "systems/shop/connection.yml": connection,
  "systems/shop/orders.yml": pipeline,
  "systems/shop/customers.yaml": pipeline.replace("shop.orders", "shop.customers"),
  "systems/shop/_shared.yml": "a: 1\n",
  "systems/shop/notes.md": "# no spec\n",
  "systems/shop/node_modules/dependency/config.yml": "a: 1\n",
  "systems/broken.yml": "pipeline: [\n",
  "empty/readme.md": "",
});
const project = projectIn(folder);
const find = (...args: string[]): { files: string[]; connections: string[]; problems: string[] } => {
  const found = findSpecs(
    args.map((arg) => arg.replace("~", folder)),
    project,
  );
  const short = (file: string): string => file.slice(folder.length + 1);
  return {
    files: found.files.map(short),
    connections: found.connections.map(short),
    problems: found.problems.map(({ message }) => message.replace(folder, "~")),
  };
};

describe("finding specs", () => {
  it.each<[string, string[], Partial<ReturnType<typeof find>>]>([
    ["a file", ["~/systems/shop/orders.yml"], { files: ["systems/shop/orders.yml"], connections: [] }],
    [
      "a folder, with what is below it",
      ["~/systems"],
      {
        files: ["systems/broken.yml", "systems/shop/customers.yaml", "systems/shop/orders.yml"],
        connections: ["systems/shop/connection.yml"],
      },
    ],
    ["a name", ["shop.orders"], { files: ["systems/shop/orders.yml"] }],
    [
      "a connection file",
      ["~/systems/shop/connection.yml"],
      { files: [], connections: ["systems/shop/connection.yml"] },
    ],
    ["etl.yml, which is read anyway", ["~/etl.yml"], { files: [], connections: [] }],
    [
      "nothing: the folders of the project that exist",
      [],
      { files: ["systems/broken.yml", "systems/shop/customers.yaml", "systems/shop/orders.yml"] },
    ],
    [
      "a file and the folder that it is in: once",
      ["shop.orders", "~/systems/shop"],
      { files: ["systems/shop/orders.yml", "systems/shop/customers.yaml"] },
    ],
  ])("%s", (_, args, expected) => {
    expect(find(...args)).toMatchObject({ ...expected, problems: [] });
  });

  it("says what is not there, and what may be meant", () => {
    expect(find("shop.order", "nowhere/at/all.yml", "~/empty").problems).toEqual([
      'there is no file, folder or pipeline "shop.order". Did you mean "shop.orders"?',
      'there is no file, folder or pipeline "nowhere/at/all.yml".',
      "there is no pipeline (*.yml) in the folder ~/empty",
    ]);
    const none = projectIn(folderOf({ "etl.yml": "pipelines: [none]\n" }));
    expect(findSpecs([], none).problems).toMatchObject([
      { code: "E400", message: `no pipelines: there is no folder ${none.pipelineFolders[0]}` },
    ]);
  });

  it("the project is the one above the first path that exists", () => {
    const options = { variables: { values: {}, secrets: new Set<string>() } };
    expect(projectOf([join(folder, "systems/shop/orders.yml")], options).folder).toBe(folder);
    expect(projectOf(["shop.orders", join(folder, "systems")], options).folder).toBe(folder);
    expect(projectOf(["shop.orders"], options).folder).not.toBe(folder);
  });
});
