/** The registry of source kinds: one line each. A kind loads its own libraries when it is first used. */
import type { SourceKind } from "./contract.ts";

export const sourceKinds: Record<string, () => Promise<SourceKind>> = {
  api: async () => (await import("./api/index.ts")).apiSource,
  database: async () => (await import("./database/index.ts")).databaseSource,
  csv: async () => (await import("./csv/index.ts")).csvSource,
};
