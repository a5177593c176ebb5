/**
 * Zip archives, as far as an API sends them: stored or deflated entries, also with zip64 sizes.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
import { promisify } from "node:util";
import { crc32, inflateRaw } from "node:zlib";
import { FatalError } from "../../../errors.ts";
import { BadBody } from "./contract.ts";

export interface ZipEntry {
  name: string;
  method: number;
  encrypted: boolean;
  crc: number;
  packedSize: number;
  size: number;
  /** Of the entry's own header in the archive. */
  offset: number;
}

const signatures = { entry: 0x04034b50, directory: 0x02014b50, end: 0x06054b50, end64: 0x06064b50 };
const endLength = 22;
/** The end of the directory may be followed by a comment of this length at most. */
const maxComment = 0xffff;
const sizesInExtra = 0xffffffff;

/** True for bytes that begin as a zip archive does; an empty one has nothing but its end. */
export function isZip(bytes: Buffer): boolean {
  if (bytes.length < 4) return false;
  const signature = bytes.readUInt32LE(0);
  return signature === signatures.entry || (signature === signatures.end && bytes.length >= endLength);
}

/**
 * The entries of an archive, folders left out.
 * @throws BadBody for an archive that is cut off or damaged
 */
export function zipEntries(archive: Buffer): ZipEntry[] {
  return reading(() => {
    let { at, count } = directoryOf(archive);
    const entries: ZipEntry[] = [];
    for (; count > 0; count--) {
      if (archive.readUInt32LE(at) !== signatures.directory) throw broken("its directory is damaged");
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((place) =>
        archive.readUInt16LE(at + place),
      ) as [number, number, number];
      const extra = at + 46 + nameLength;
      entries.push(readEntry(archive, { at, nameLength, extra: archive.subarray(extra, extra + extraLength) }));
      at = extra + extraLength + commentLength;
    }
    return entries.filter(({ name }) => !name.endsWith("/"));
  });
}

/**
 * An entry's bytes.
 * @param maxBytes more than that is refused while it is unpacked, whatever the archive says of its size
 * @throws RangeError past maxBytes; BadBody for damage; FatalError for what cannot be read at all
 */
export async function unzipEntry(archive: Buffer, entry: ZipEntry, maxBytes: number): Promise<Buffer> {
  const { name, method, encrypted, offset, packedSize } = entry;
  if (encrypted) throw new FatalError(`${name} in the zip archive is encrypted: that cannot be read`);
  const packed = reading(() => {
    if (archive.readUInt32LE(offset) !== signatures.entry) throw broken("it is damaged");
    const start = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28);
    if (start + packedSize > archive.length) throw broken("it is cut short");
    return archive.subarray(start, start + packedSize);
  });
  const bytes = await unpack(packed, { name, method, maxBytes });
  if (bytes.length !== entry.size || crc32(bytes) !== entry.crc) throw broken(`${name} in it is damaged`);
  return bytes;
}

async function unpack(
  packed: Buffer,
  { name, method, maxBytes }: { name: string; method: number; maxBytes: number },
): Promise<Buffer> {
  if (method === 0) {
    if (packed.length > maxBytes) throw new RangeError("larger than the limit");
    return packed;
  }
  if (method !== 8)
    throw new FatalError(`${name} in the zip archive is packed by method ${method}: only deflate can be read`);
  try {
    return await promisify(inflateRaw)(packed, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new RangeError("larger than the limit", { cause: error });
    throw broken(`${name} in it is damaged`, error);
  }
}

/** Where the directory is and how many entries it has. */
function directoryOf(archive: Buffer): { at: number; count: number } {
  const first = Math.max(0, archive.length - endLength - maxComment);
  for (let end = archive.length - endLength; end >= first; end--) {
    if (archive.readUInt32LE(end) !== signatures.end) continue;
    const [count, at] = [archive.readUInt16LE(end + 10), archive.readUInt32LE(end + 16)];
    if (count !== 0xffff && at !== sizesInExtra) return { count, at };
    const end64 = Number(archive.readBigUInt64LE(end - 12));
    if (archive.readUInt32LE(end64) !== signatures.end64) throw broken("its directory is damaged");
    return {
      count: Number(archive.readBigUInt64LE(end64 + 32)),
      at: Number(archive.readBigUInt64LE(end64 + 48)),
    };
  }
  throw broken("it is cut short: it has no directory");
}

function readEntry(
  archive: Buffer,
  { at, nameLength, extra }: { at: number; nameLength: number; extra: Buffer },
): ZipEntry {
  const flags = archive.readUInt16LE(at + 8);
  const sizes = { size: archive.readUInt32LE(at + 24), packedSize: archive.readUInt32LE(at + 20) };
  const entry: ZipEntry = {
    // Bit 11 says UTF-8. The old names are code page 437; what they are matters for a message only.
    name: archive.toString((flags & 0x800) === 0 ? "latin1" : "utf8", at + 46, at + 46 + nameLength),
    method: archive.readUInt16LE(at + 10),
    encrypted: (flags & 1) === 1,
    crc: archive.readUInt32LE(at + 16),
    ...sizes,
    offset: archive.readUInt32LE(at + 42),
  };
  // Zip64 has the values that do not fit, in this order.
  let place = zip64Of(extra);
  for (const key of ["size", "packedSize", "offset"] as const) {
    if (entry[key] !== sizesInExtra) continue;
    entry[key] = Number(extra.readBigUInt64LE(place));
    place += 8;
  }
  return entry;
}

/** Where the zip64 values begin in an entry's extra fields; its end where there are none. */
function zip64Of(extra: Buffer): number {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1) return at + 4;
  }
  return extra.length;
}

function broken(what: string, cause?: unknown): BadBody {
  return new BadBody(`the body is a zip archive, but ${what}`, { cut: true, cause });
}

/** Reading past the end is what damage looks like. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw broken("it is damaged", error);
    throw error;
  }
}
