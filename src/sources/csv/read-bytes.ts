/** The bytes of a file: counted as they come, unpacked when they are gzip. */
import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { FatalError, messageOf } from "../../errors.ts";
import type { SourceMetrics } from "../contract.ts";

const CHUNK_BYTES = 64 * 1024;

/**
 * A local file's bytes as they are on the disk. The file is closed when it ends and when the reader stops early.
 * @param name for messages
 * @throws FatalError when it cannot be opened or read
 */
export async function* localBytes(file: string, name: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stream = createReadStream(file, { highWaterMark: CHUNK_BYTES, signal });
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    signal.throwIfAborted();
    throw new FatalError(unreadable(error, name, file), { cause: error });
  } finally {
    stream.destroy();
  }
}

function unreadable(error: unknown, name: string, file: string): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "EACCES":
    case "EPERM":
      return `${name} may not be read (${file}): permission denied; let the user that runs etl read it`;
    case "ENOENT":
      return `${name} is gone (${file}): it was there when the run began`;
    default:
      return `${name} cannot be read (${file}): ${messageOf(error)}`;
  }
}

/** Passes bytes on and counts them in `metrics.bytesIn`. */
export async function* countBytes(bytes: AsyncIterable<Buffer>, metrics: SourceMetrics): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    metrics.bytesIn += chunk.length;
    yield chunk;
  }
}

/**
 * The bytes, unpacked if they begin as gzip does (1f 8b, RFC 1952), whatever the file is called. Several gzip
 * members one after the other are one file; zeros after the last are padding.
 * @throws FatalError for gzip that is cut off or damaged: nothing is silently left out
 */
export async function* unpack(bytes: AsyncGenerator<Buffer>, name: string): AsyncGenerator<Buffer> {
  const start = await beginning(bytes);
  const all = resumed(start, bytes);
  if (start[0] !== 0x1f || start[1] !== 0x8b) {
    yield* all;
    return;
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // The pipeline closes the packed side with the unpacked one; its errors come out of `gunzip` below.
  pipeline(Readable.from(all, { objectMode: false, highWaterMark: CHUNK_BYTES }), gunzip, () => {});
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    // An error of the disk or the network is not one of the packing.
    if (!(error as NodeJS.ErrnoException).code?.startsWith("Z_")) throw error;
    throw new FatalError(damaged(error, name), { cause: error });
  } finally {
    gunzip.destroy();
  }
}

function damaged(error: unknown, name: string): string {
  return (error as NodeJS.ErrnoException).code === "Z_BUF_ERROR"
    ? `${name} is cut off: its gzip data ends in the middle; fetch or make the file again`
    : `${name} is damaged: its gzip data cannot be unpacked (${messageOf(error)}); fetch or make the file again`;
}

/** The first two bytes or more; fewer only where the file has no more. */
async function beginning(bytes: AsyncGenerator<Buffer>): Promise<Buffer> {
  let start: Buffer = Buffer.alloc(0);
  while (start.length < 2) {
    const next = await bytes.next();
    if (next.done) break;
    start = start.length === 0 ? next.value : Buffer.concat([start, next.value]);
  }
  return start;
}

async function* resumed(start: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (start.length > 0) yield start;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
