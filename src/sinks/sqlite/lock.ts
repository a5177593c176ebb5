/** Locks beside a SQLite warehouse: each an exclusive transaction on a small file, freed by the kernel on kill -9. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Lock } from "../contract.ts";
import { classify, isBusy } from "./errors.ts";

/** A file name for any lock name: what is not plain is replaced, and a hash keeps two names apart. */
export function lockFile(file: string, name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, 100);
  const suffix = plain === name ? "" : `-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
  return `${file}.${plain}${suffix}.lock`;
}

/**
 * Takes the lock, or says undefined when somebody else holds it.
 * The file stays when the lock is released: whoever removed it might leave two holders on two files of one name.
 * @param options.readOnly a file that is not there is not created: nobody holds it then.
 */
export function takeLock(path: string, options: { readOnly: boolean }): Lock | undefined {
  if (options.readOnly && !existsSync(path)) return { release: async () => {} };
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    throw classify(error, { address: path });
  }
  const held = database;
  return {
    async release(): Promise<void> {
      if (held.isOpen) held.close();
    },
  };
}
