/** Which look `etl new` takes: at a table, at an answer, at a file. */
import type { Logger } from "pino";
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { SpecError } from "../errors.ts";
import { type CredentialStore, newMetrics } from "../sources/contract.ts";
import type { AnyConnection, Source } from "../spec/types.ts";
import { looksSecret } from "../draft/fields.ts";
import { likelyTables } from "../draft/names.ts";
import type { Draft } from "../draft/write.ts";

export interface DraftRequest {
  system: string;
  entity: string;
  /** The system's folder. */
  folder: string;
  /** Absent with `file`. */
  connection: AnyConnection | undefined;
  table?: string | undefined;
  path?: string | undefined;
  records?: string | undefined;
  file?: string | undefined;
  sample: number;
}

export interface Surroundings {
  credentials: CredentialStore | undefined;
  log: Logger;
  /** Says that a value is secret. */
  secret(value: string): void;
  signal: AbortSignal;
}

export interface Drafted {
  draft: Omit<Draft, "schema">;
  /** What must be looked at before the pipeline is run. */
  doubts: string[];
}

/** Looks and drafts. @throws SpecError for flags that do not go together or find nothing */
export async function draftFor(request: DraftRequest, surroundings: Surroundings): Promise<Drafted> {
  const { connection } = request;
  if (connection?.type === "database") {
    refuseFlags(request, ["path", "records"], "a database connection");
    return fromTable({ ...request, connection }, surroundings);
  }
  if (connection) {
    refuseFlags(request, ["table"], "an api connection");
    return fromAnswer({ ...request, connection }, surroundings);
  }
  refuseFlags(request, ["table", "path", "records"], "a file");
  return fromFile({ ...request, file: request.file ?? "" }, surroundings);
}

function refuseFlags(request: DraftRequest, flags: readonly ("table" | "path" | "records")[], kind: string): void {
  const wrong = flags.filter((flag) => request[flag] !== undefined);
  if (wrong.length > 0)
    throw new SpecError(`${wrong.map((flag) => `--${flag}`).join(" and ")} says nothing of ${kind}: leave it out`);
}

type ApiConnection = Extract<AnyConnection, { type: "api" }>;
type DatabaseConnection = Extract<AnyConnection, { type: "database" }>;

async function fromTable(
  { system, entity, folder, connection, table, sample }: DraftRequest & { connection: DatabaseConnection },
  { log, secret, signal }: Surroundings,
): Promise<Drafted> {
  const [{ findTable }, { draftTable }, { serverOptions }] = await Promise.all([
    import("../sources/database/table-shape.ts"),
    import("../draft/table.ts"),
    import("../sources/database/server-options.ts"),
  ]);
  if (connection.dialect !== "sqlite") {
    const { password } = serverOptions(connection, 0);
    if (password) secret(password);
  }
  const found = await findTable({
    connection,
    folder,
    names: table === undefined ? likelyTables(entity) : [table],
    exact: table !== undefined,
    sample,
    isSecret: looksSecret,
    log,
    signal,
  });
  return draftTable({
    system,
    entity,
    connection: connection.connection,
    hasZone: connection.time_zone !== undefined,
    table: found.table,
    shape: found,
    values: found.values,
    version: found.version,
  });
}

async function fromAnswer(
  { system, entity, connection, path, records, sample }: DraftRequest & { connection: ApiConnection },
  { log, secret, signal, credentials }: Surroundings,
): Promise<Drafted> {
  if (path === undefined)
    throw new SpecError(
      `connection ${connection.connection} is an API: say what to ask it for, such as --path /${entity}`,
    );
  const [{ sampleAnswer }, { draftAnswer, splitPath }] = await Promise.all([
    import("../sources/api/sample.ts"),
    import("../draft/answer.ts"),
  ]);
  // Before it is asked: a credential in it would be in logs.
  splitPath(path);
  const { answer, found } = await sampleAnswer({ connection, path, records, log, secret, signal, credentials });
  return draftAnswer({
    system,
    entity,
    connection: connection.connection,
    path,
    body: answer.body,
    headers: answer.headers,
    ...(records === undefined || found === undefined ? {} : { records: { from: records, found } }),
    sample,
  });
}

/** What the delimiter is told by: the first line of so many bytes. */
const headBytes = 65_536;

async function fromFile(
  { system, entity, folder, file, sample }: DraftRequest & { file: string },
  { log, signal }: Surroundings,
): Promise<Drafted> {
  const whole = resolve(file);
  if (!existsSync(whole) || !statSync(whole).isFile()) throw new SpecError(`there is no file ${file}`);
  const [{ sourceKinds }, { draftFile }] = await Promise.all([
    import("../sources/index.ts"),
    import("../draft/file.ts"),
  ]);
  const path = relative(folder, whole);
  if (/[*?[\]{}]/.test(path)) throw new SpecError(`${path} would be read as a glob: give the file another name`);
  const delimiter = delimiterOf(whole);
  const spec = {
    type: "csv",
    path,
    header: true,
    delimiter,
    quote: '"',
    escape: '"',
    encoding: "utf-8",
    skip_lines: 0,
    null_values: [""],
  } as unknown as Source;
  const kind = await sourceKinds["csv"]!();
  const stop = new AbortController();
  const source = await kind.open({
    spec,
    folder,
    params: {},
    mapped: () => [],
    log,
    metrics: newMetrics(),
    signal: AbortSignal.any([signal, stop.signal]),
  });
  const records: Record<string, unknown>[] = [];
  const bound = { text: "1970-01-01T00:00:00Z", instant: "1970-01-01T00:00:00.000000Z" };
  const window = { since: bound, until: bound, observeClock: () => false };
  try {
    for await (const page of source.read({ incremental: false, window, pageSize: sample, resume: {} })) {
      records.push(...(page.records as Record<string, unknown>[]));
      if (records.length >= sample) break;
    }
  } finally {
    stop.abort();
    await source.close();
  }
  return draftFile({ system, entity, path, delimiter, records: records.slice(0, sample) });
}

/** The character that the header has most of, outside quotes. A packed file is taken to have commas. */
function delimiterOf(file: string): string {
  const bytes = Buffer.alloc(headBytes);
  const descriptor = openSync(file, "r");
  const count = readSync(descriptor, bytes, 0, headBytes, 0);
  closeSync(descriptor);
  const [line = ""] = bytes
    .toString("latin1", 0, count)
    .replace(/"[^"]*"/g, "")
    .split(/\r?\n/, 1);
  const [best] = [",", ";", "\t", "|"]
    .map((text) => ({ text, times: line.split(text).length }))
    .sort((one, other) => other.times - one.times);
  return best && best.times > 1 ? best.text : ",";
}
