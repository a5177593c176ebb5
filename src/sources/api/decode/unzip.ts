/** Takes the one file out of a body that is a zip archive. */
import { posix } from "node:path";
import { FatalError } from "../../../errors.ts";
import type { Body } from "./contract.ts";
import { isZip, unzipEntry, type ZipEntry, zipEntries } from "./zip-archive.ts";

export interface UnzipOptions {
  /** A name or glob: which entry, where there are several. */
  entry?: string;
  /** How large it may be when unpacked. */
  maxBytes: number;
  /** Names that limit: `1GB (limits.decompressed of connection "x")`. */
  limit: string;
}

/**
 * The body itself, or what is in it when it begins as a zip archive does.
 * @throws FatalError for an archive with none or several entries to choose from, and for one past the limit; BadBody
 *   for a damaged one
 */
export async function unzip(body: Body, options: UnzipOptions): Promise<Body> {
  if (!isZip(body.bytes)) return body;
  const { maxBytes, limit } = options;
  const entry = choose(zipEntries(body.bytes), options.entry, body.shown);
  let bytes: Buffer;
  try {
    bytes = await unzipEntry(body.bytes, entry, maxBytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new FatalError(
      `${entry.name} in the answer to ${body.shown} is larger than ${limit} when unzipped. Ask for less at a time, or raise the limit.`,
      { cause: error },
    );
  }
  return { bytes, shown: body.shown, text: () => new TextDecoder().decode(bytes) };
}

const maxShown = 20;

function choose(entries: readonly ZipEntry[], wanted: string | undefined, shown: string): ZipEntry {
  const found = wanted === undefined ? entries.filter(isMeant) : entries.filter(({ name }) => matches(name, wanted));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const names = (found.length > 1 ? found : entries).map(({ name }) => name);
  const list = names.slice(0, maxShown).join(", ") + (names.length > maxShown ? `, … (${names.length} in all)` : "");
  const what = entries.length === 0 ? "is empty" : `holds ${list}`;
  const matching = found.length === 0 ? "none" : String(found.length);
  const hint =
    wanted === undefined
      ? "say which one: decode: { zip: { entry: a name or glob } }"
      : `decode.zip.entry "${wanted}" must match one of them, and matches ${matching}`;
  throw new FatalError(
    `the answer to ${shown} is a zip archive that ${what}${entries.length === 0 ? "" : `; ${hint}`}`,
  );
}

/** A glob without a slash is for the name alone, in whatever folder. */
function matches(name: string, wanted: string): boolean {
  return (
    name === wanted ||
    posix.matchesGlob(name, wanted) ||
    (!wanted.includes("/") && posix.matchesGlob(posix.basename(name), wanted))
  );
}

/** macOS puts a second entry beside each: https://en.wikipedia.org/wiki/Resource_fork */
function isMeant({ name }: ZipEntry): boolean {
  return !name.startsWith("__MACOSX/") && posix.basename(name) !== ".DS_Store";
}
