/**
 * The specs of test/fixtures/api-shapes, each run twice against a server that behaves as its system does: all of it,
 * then what changed. The tables are compared whole; what the servers had to complain about is nothing.
 */
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type * as time from "../../src/sources/http/time.ts";
import { shapes, ShapeProject, shapesFolder } from "../support/shape-project.ts";

// Minutes that are waited for after a 429 pass at once.
const { jumps } = vi.hoisted(() => ({ jumps: [] as number[] }));

vi.mock("../../src/sources/http/time.ts", async (original) => {
  const { jumpingTime } = await import("../support/jumping-time.ts");
  return { realTime: jumpingTime((await original<typeof time>()).realTime, jumps) };
});
beforeEach(() => void jumps.splice(0));

describe.each(shapes())("$system", ({ system, entities }) => {
  it("is read whole, and then what changed", async () => {
    const project = await ShapeProject.open(system);
    const compare = async (entity: string, name: string): Promise<void> => {
      const file = join(shapesFolder, system, `${entity}.${name}.json`);
      await expect(await project.rows(entity)).toMatchFileSnapshot(file);
    };
    for (const entity of entities) {
      const { summary, log } = await project.run(entity, { batchSize: 2 });
      expect(summary, log).toMatchObject({ status: "success", mode: "initial_full", error: null, rejected: 0 });
      await compare(entity, "full");
    }
    project.system.change();
    project.pass(1);
    for (const entity of entities) {
      const { summary, log } = await project.run(entity, { batchSize: 2 });
      expect(summary, log).toMatchObject({ status: "success", error: null, rejected: 0 });
      await compare(entity, "changed");
    }
    expect(project.system.complaints).toEqual([]);
  });
});
