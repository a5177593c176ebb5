/** Things and the links that are asked for by them, in `links.yml`: what tests of sets by parent do with the project. */
import type { ThingsProject } from "./things-project.ts";

type Run = ThingsProject["run"];

/** @param opened gives the project of the test in hand. */
export function linkedThings(opened: () => ThingsProject) {
  return {
    /** Makes these the things that there are, as of now, and reads them. */
    async items(ids: readonly number[]): Promise<void> {
      const project = opened();
      const updated_at = project.now.toISOString();
      project.api.things = ids.map((id) => ({ id, name: `thing ${id} ${updated_at}`, updated_at }));
      await project.run({ full: true }, { unchecked: true });
    },
    /** Reads the links. */
    run: (flags: Parameters<Run>[0] = {}, options: Parameters<Run>[1] = {}): ReturnType<Run> =>
      opened().run(flags, { file: "links.yml", ...options }),
    /** `1-11 2-21`: the rows that are stored. */
    async stored(): Promise<string> {
      const rows = await opened().query("select thing_id, to_id from link order by thing_id, to_id");
      return rows.map((row) => `${Number(row["thing_id"])}-${Number(row["to_id"])}`).join(" ");
    },
  };
}
