/** From the bytes of a body to its text: decompression within a limit, and the charset of its content type. */
import { isUtf8 } from "node:buffer";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw, type ZlibOptions } from "node:zlib";

/** What we say that we can read. */
export const acceptedEncodings = "gzip, deflate, br";

type Decompress = (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>;

const inflateEither: Decompress = async (bytes, options) => {
  // "deflate" is zlib's format by RFC 9110, 8.4.1.2; some servers send the bare stream. Its first byte tells.
  return ((bytes[0] ?? 0) & 0x0f) === 8 ? promisify(inflate)(bytes, options) : promisify(inflateRaw)(bytes, options);
};

const decompressors: Readonly<Record<string, Decompress>> = {
  gzip: promisify(gunzip) as Decompress,
  "x-gzip": promisify(gunzip) as Decompress,
  deflate: inflateEither,
  br: promisify(brotliDecompress) as unknown as Decompress,
};

/** More came out than the limit allows: a bomb, or a page that is too large to hold. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

/** The compressed stream ends early or is damaged: it was cut on its way. */
export class BrokenBody extends Error {
  override readonly name = "BrokenBody";
}

/**
 * Undoes the content encoding, and gzip that nobody announced (by its magic bytes).
 * @throws TooLarge, BrokenBody; Error for an encoding that we do not know.
 */
export async function decompress(bytes: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const announced = (encoding ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
  let body = bytes;
  // Encodings are listed in the order in which they were applied.
  for (const name of announced.filter((coding) => coding !== "" && coding !== "identity").reverse()) {
    if (body.length === 0) return body;
    body = await decompressOne(body, name, maxBytes);
  }
  if (body[0] === 0x1f && body[1] === 0x8b) body = await decompressOne(body, "gzip", maxBytes);
  if (body.length > maxBytes) throw new TooLarge("the body is larger than the limit");
  return body;
}

async function decompressOne(bytes: Buffer, name: string, maxBytes: number): Promise<Buffer> {
  const run = Object.hasOwn(decompressors, name) ? decompressors[name] : undefined;
  if (run === undefined) throw new Error(`the content encoding "${name}" is not known`);
  try {
    return await run(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ERR_BUFFER_TOO_LARGE")
      throw new TooLarge("the decompressed body is larger than the limit", { cause: error });
    throw new BrokenBody(`the ${name} body is damaged or cut short`, { cause: error });
  }
}

/** The charset that a content type names; undefined where it names none. Throws RangeError for one that does not exist. */
export function charsetOf(contentType: string | undefined): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? "")?.[1];
  return charset === undefined ? undefined : new TextDecoder(charset).encoding;
}

/**
 * The text of a body, in UTF-8 where no charset is named (RFC 8259 for JSON). A byte order mark is taken off.
 * @returns `damaged` is true when bytes were not of the charset and became U+FFFD.
 */
export function decodeText(bytes: Buffer, charset = "utf-8"): { text: string; damaged: boolean } {
  const text = new TextDecoder(charset).decode(bytes);
  return { text, damaged: charset === "utf-8" && text.includes("\ufffd") && !isUtf8(bytes) };
}
