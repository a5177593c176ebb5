/** The commands by name. A command's file is loaded when it is called: the help needs none of them. */
import type { Command } from "commander";

/** Gives a command what it takes and does; its exit code goes to `exit`. */
export type FillCommand = (command: Command, exit: (code: number) => void) => void;

export interface CommandEntry {
  /** What stands after the name in the help of `etl`. */
  takes: string;
  description: string;
  load: () => Promise<FillCommand>;
}

/** In the order of the help. */
export const commands: Record<string, CommandEntry> = {
  run: {
    takes: "[options] <pipeline...>",
    description: "run pipelines: files, folders or names, in the order of their depends_on",
    load: async () => (await import("./run.ts")).runCommand,
  },
  remove: {
    takes: "[options] <pipeline...>",
    description: "delete rows that the source no longer has, as the deletes of each pipeline says",
    load: async () => (await import("./remove.ts")).removeCommand,
  },
  validate: {
    takes: "[options] [path...]",
    description: "check specs: YAML, schema, JSONata, templates, names; exit code 2 on any problem",
    load: async () => (await import("./validate.ts")).validateCommand,
  },
  test: {
    takes: "[options] [path...]",
    description: "run the tests of specs; no source and no warehouse is touched; exit code 1 when one fails",
    load: async () => (await import("./test.ts")).testCommand,
  },
  new: {
    takes: "[options] <system.entity>",
    description: "write a spec from a look at the system: a table's columns, an answer of an API, a CSV file",
    load: async () => (await import("./new.ts")).newCommand,
  },
  preview: {
    takes: "[options] <pipeline>",
    description: "show raw records beside the rows they become; nothing is written",
    load: async () => (await import("./preview.ts")).previewCommand,
  },
  plan: {
    takes: "[options] <pipeline>",
    description: "what a run would do now: what it asks, calls, quota, duration, DDL; nothing is written",
    load: async () => (await import("./plan.ts")).planCommand,
  },
  explain: {
    takes: "[options] <pipeline>",
    description:
      "show a spec whole: what it extends laid under it, defaults filled in, and where each value comes from",
    load: async () => (await import("./explain.ts")).explainCommand,
  },
  history: {
    takes: "[options] [pipeline]",
    description: "list runs, the newest first",
    load: async () => (await import("./history.ts")).historyCommand,
  },
  rejects: {
    takes: "",
    description: "look at records that could not become rows, and try them again",
    load: async () => (await import("./rejects.ts")).rejectsCommand,
  },
  state: {
    takes: "",
    description: "look at how far a pipeline got, or change it",
    load: async () => (await import("./state.ts")).stateCommand,
  },
  connections: {
    takes: "",
    description: "look at connections",
    load: async () => (await import("./connections.ts")).connectionsCommand,
  },
  credentials: {
    takes: "",
    description: "keep refresh tokens encrypted in the warehouse (key: ETL_CREDENTIALS_KEY)",
    load: async () => (await import("./credentials.ts")).credentialsCommand,
  },
  demo: {
    takes: "",
    description:
      "run pipelines of two local sandboxes, HubSpot and Genius, into warehouse.db; no credentials, nothing installed",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
  sandbox: {
    takes: "[options] <system>",
    description: "start a local server that behaves like a system, or a database like its own, until Ctrl-C",
    load: async () => (await import("./sandbox.ts")).sandboxCommand,
  },
};
