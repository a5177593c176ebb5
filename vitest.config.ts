import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** They take minutes, by rate limits or by the rows that they read: begun last, one of them would run on alone. */
const longest = [
  "pipelines/hubspot-whole",
  "pipelines/genius-deltas",
  "runtime/hubspot",
  "pipelines/genius-large",
  "runtime/kill",
  "runtime/memory",
  "csv/memory",
  "pipelines/salespro",
  "pipelines/genius",
  "runtime/deletes-hubspot",
  "database/compare",
].map((name) => `/test/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((file) => moduleId.endsWith(file));
      return at === -1 ? longest.length : at;
    };
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    // Much of the time is waiting, for rate limits and other processes: more at once than there are cores.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
