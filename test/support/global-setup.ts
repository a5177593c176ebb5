/** Gives every test file a real PostgreSQL server: `inject("postgresUrl")`, or `freshDatabase()` beside this file. */
import type { TestProject } from "vitest/node";
import { startPostgres } from "./postgres-server.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Superuser URL of the server, without a database: `postgres://postgres@127.0.0.1:PORT/`. */
    postgresUrl: string;
  }
}

/** ETL_TEST_POSTGRES names a server that already runs (a superuser URL); otherwise one of our own is started. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const existing = process.env["ETL_TEST_POSTGRES"];
  if (existing) {
    project.provide("postgresUrl", existing);
    return undefined;
  }
  const server = await startPostgres();
  project.provide("postgresUrl", server.url);
  return () => server.stop();
}
