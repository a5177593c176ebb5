/** The credential store: secrets that outlive a run, encrypted, in the warehouse's table `api_credentials`. */
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { FatalError, SpecError } from "../../errors.ts";
import type { Lock, Sink } from "../../sinks/contract.ts";
import type { CredentialStore } from "../../sources/contract.ts";
import { instantFromDate } from "../../values/instant.ts";
import type { Engine } from "../engine.ts";
import { type CredentialCipher, credentialCipher } from "./credential-cipher.ts";
import { migrateState } from "./tables.ts";

export const keyVariable = "ETL_CREDENTIALS_KEY";
export const newKeyVariable = "ETL_CREDENTIALS_NEW_KEY";

const table = "api_credentials";
/** Another process holds a name while it asks a token server, retries and all. */
const longestWaitMs = 300_000;
const pollMs = 100;

/** Where a credential lies. Its name is shown; neither the secret nor its length is. */
export interface CredentialEntry {
  name: string;
  created_at: unknown;
  updated_at: unknown;
}

/** `hubspot.refresh_token` as system and name. Throws SpecError for another form. */
export function splitName(name: string): { crm_source: string; name: string } {
  const [, system, rest] = /^([a-z][a-z0-9]*)\.([a-z][a-z0-9_]*)$/.exec(name) ?? [];
  if (system !== undefined && rest !== undefined) return { crm_source: system, name: rest };
  throw new SpecError(
    `"${name}" is no name of a credential: write a system and a name with a dot between them, hubspot.refresh_token`,
  );
}

/** The store of an engine's warehouse; undefined without a key. Nothing is opened before it is asked. */
export function credentialStoreOf(
  engine: Pick<Engine, "openSink" | "warehouse" | "variables" | "secret">,
): CredentialStore | undefined {
  const key = engine.variables[keyVariable];
  if (!key) return undefined;
  engine.secret?.(key);
  const cipher = credentialCipher(key, keyVariable);
  // Connections of its own: on the run's, a new token would be undone with the batch that is being written.
  const withSink = async <T>(readOnly: boolean, action: (sink: Sink) => Promise<T>): Promise<T> => {
    const sink = await engine.openSink(engine.warehouse, { readOnly });
    try {
      return await action(sink);
    } finally {
      await sink.close();
    }
  };
  const get = (name: string): Promise<string | undefined> =>
    withSink(true, async (sink) => (await read(sink, name, cipher))?.secret);
  return {
    address: shownAddress(engine.warehouse),
    get,
    replace: (name, old, next) => withSink(false, (sink) => replaceCredential(sink, { name, old, next, cipher })),
    async exclusive(name, body, signal) {
      // A dry run makes no file: where nothing is stored yet there is nothing to lock either.
      const readOnly = (await get(name)) === undefined;
      return withSink(readOnly, async (sink) => {
        const lock = await waitForLock(sink, name, signal);
        try {
          return await body();
        } finally {
          await lock.release();
        }
      });
    },
  };
}

function shownAddress(warehouse: string): string {
  return warehouse.replace(/^([a-z][\w+.-]*:\/\/)[^@/]*@/i, "$1").replace(/\?.*$/s, "");
}

async function waitForLock(sink: Sink, name: string, signal: AbortSignal): Promise<Lock> {
  const started = performance.now();
  for (;;) {
    const lock = await sink.lock(`credential ${name}`);
    if (lock) return lock;
    if (performance.now() - started > longestWaitMs)
      throw new FatalError(`another process has held the credential ${name} for ${longestWaitMs / 60_000} minutes`);
    await sleep(pollMs, undefined, { signal });
  }
}

async function hasTable(sink: Sink): Promise<boolean> {
  return (await sink.database.introspection.getTables()).some(({ name }) => name === table);
}

async function read(
  sink: Sink,
  name: string,
  cipher: CredentialCipher,
): Promise<{ secret: string; ciphertext: string } | undefined> {
  if (!(await hasTable(sink))) return undefined;
  const parts = splitName(name);
  const row = await sink.database
    .selectFrom(table)
    .select("ciphertext")
    .where("crm_source", "=", parts.crm_source)
    .where("name", "=", parts.name)
    .executeTakeFirst();
  if (!row) return undefined;
  const { ciphertext } = row as { ciphertext: string };
  return { ciphertext, secret: cipher.decrypt(name, ciphertext) };
}

interface Replacement {
  name: string;
  /** What must be there; undefined: nothing. */
  old: string | undefined;
  next: string;
  cipher: CredentialCipher;
}

/** Compare and swap; true when the new secret is committed, false when another one than `old` was there. */
export async function replaceCredential(sink: Sink, { name, old, next, cipher }: Replacement): Promise<boolean> {
  await prepare(sink);
  const now = instantFromDate(new Date());
  const parts = splitName(name);
  const ciphertext = cipher.encrypt(name, next);
  return sink.transaction(async () => {
    const found = await read(sink, name, cipher);
    if (found?.secret !== old) return false;
    if (found === undefined) {
      const { numInsertedOrUpdatedRows } = await sink.database
        .insertInto(table)
        .values({ ...parts, ciphertext, created_at: now, updated_at: now })
        .onConflict((conflict) => conflict.columns(["crm_source", "name"]).doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    }
    return swap(sink, { ...parts, from: found.ciphertext, to: ciphertext, now });
  });
}

/** True when the row still held `from`: its text is new with every write, so nothing was written in between. */
async function swap(
  sink: Sink,
  { crm_source, name, from, to, now }: { crm_source: string; name: string; from: string; to: string; now: string },
): Promise<boolean> {
  const { numUpdatedRows } = await sink.database
    .updateTable(table)
    .set({ ciphertext: to, updated_at: now })
    .where("crm_source", "=", crm_source)
    .where("name", "=", name)
    .where("ciphertext", "=", from)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** Makes the table, and sees to it that a commit is on the disk: nobody can send a refresh token a second time. */
async function prepare(sink: Sink): Promise<void> {
  if (!(await hasTable(sink))) await migrateState(sink);
  if (sink.dialect === "sqlite") await sql`pragma synchronous = full`.execute(sink.database);
}

/** Puts a secret in, whatever was there. True when it is a new one. */
export async function setCredential(
  sink: Sink,
  { name, secret, cipher }: { name: string; secret: string; cipher: CredentialCipher },
): Promise<boolean> {
  await prepare(sink);
  const now = instantFromDate(new Date());
  const parts = splitName(name);
  const ciphertext = cipher.encrypt(name, secret);
  return sink.transaction(async () => {
    const isNew = !(await entries(sink)).some((entry) => entry.name === name);
    await sink.database
      .insertInto(table)
      .values({ ...parts, ciphertext, created_at: now, updated_at: now })
      .onConflict((conflict) => conflict.columns(["crm_source", "name"]).doUpdateSet({ ciphertext, updated_at: now }))
      .execute();
    return isNew;
  });
}

/** What is stored, by name. Needs no key. */
export async function listCredentials(sink: Sink): Promise<CredentialEntry[]> {
  return (await hasTable(sink)) ? entries(sink) : [];
}

async function entries(sink: Sink): Promise<CredentialEntry[]> {
  const rows = await sink.database
    .selectFrom(table)
    .select(["crm_source", "name", "created_at", "updated_at"])
    .orderBy("crm_source")
    .orderBy("name")
    .execute();
  return rows.map(({ crm_source, name, ...dates }) => ({ ...dates, name: `${crm_source}.${name}` }) as CredentialEntry);
}

/** True when there was one. */
export async function deleteCredential(sink: Sink, name: string): Promise<boolean> {
  const parts = splitName(name);
  if (!(await hasTable(sink))) return false;
  const { numDeletedRows } = await sink.database
    .deleteFrom(table)
    .where("crm_source", "=", parts.crm_source)
    .where("name", "=", parts.name)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Encrypts all secrets with another key, in one transaction: all of them or none. Gives how many. */
export async function rotateCredentials(
  sink: Sink,
  { from, to }: { from: CredentialCipher; to: CredentialCipher },
): Promise<number> {
  if (!(await hasTable(sink))) return 0;
  await prepare(sink);
  const now = instantFromDate(new Date());
  return sink.transaction(async () => {
    const rows = (await sink.database.selectFrom(table).select(["crm_source", "name", "ciphertext"]).execute()) as {
      crm_source: string;
      name: string;
      ciphertext: string;
    }[];
    for (const { crm_source, name, ciphertext } of rows) {
      const whole = `${crm_source}.${name}`;
      const renewed = to.encrypt(whole, from.decrypt(whole, ciphertext));
      if (!(await swap(sink, { crm_source, name, from: ciphertext, to: renewed, now })))
        throw new FatalError(`${whole} was replaced by a run meanwhile; nothing was changed. Run it again`);
    }
    return rows.length;
  });
}
