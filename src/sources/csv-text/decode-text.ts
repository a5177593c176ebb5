/**
 * Bytes to text without losing any: a byte that the encoding does not know becomes the lone surrogate
 * U+DC00 + byte (after Python's `surrogateescape`, PEP 383), never U+FFFD, so that the reader can reject the
 * record it stands in and show it.
 */
import { isUtf8 } from "node:buffer";
import { FatalError } from "../../errors.ts";
import type { CsvSource } from "../../spec/types.ts";

export type Encoding = CsvSource["encoding"];

export interface TextChunk {
  text: string;
  /** False where the chunk may hold lone surrogates. */
  wellFormed: boolean;
}

/**
 * @param chunks the file's bytes, unpacked, in pieces of any size
 * @param encoding what the spec says; a byte order mark wins, and is taken off
 * @param name the file's, for errors
 * @throws FatalError for `utf-16` without a byte order mark
 */
export async function* decodeText(
  chunks: AsyncIterable<Buffer>,
  encoding: Encoding,
  name: string,
): AsyncGenerator<TextChunk> {
  let decode: Decode | undefined;
  let carried: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = carried.length > 0 ? Buffer.concat([carried, chunk]) : chunk;
    carried = bytes;
    // A byte order mark is up to three bytes long.
    if (!decode && bytes.length < 3) continue;
    let from = 0;
    if (!decode) ({ decode, from } = beginning(bytes, encoding, name));
    const { chunk: decoded, used } = decode(bytes, from, false);
    carried = bytes.subarray(used);
    if (decoded.text !== "") yield decoded;
  }
  if (carried.length === 0) return;
  const { decode: last, from } = decode ? { decode, from: 0 } : beginning(carried, encoding, name);
  const { chunk } = last(carried, from, true);
  if (chunk.text !== "") yield chunk;
}

/** Text with lone surrogates made readable: `caf\xE9` where they were bytes, `\uD83D` where they were halves of a pair. */
export function showLoneSurrogates(text: string): string {
  return text.replace(/\p{Surrogate}/gu, (half) => {
    const code = half.charCodeAt(0);
    const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, "0");
    return code >= 0xdc80 && code <= 0xdcff ? `\\x${hex(code - 0xdc00, 2)}` : `\\u${hex(code, 4)}`;
  });
}

type Decode = (bytes: Buffer, from: number, end: boolean) => { chunk: TextChunk; used: number };

function beginning(bytes: Buffer, encoding: Encoding, name: string): { decode: Decode; from: number } {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return { decode: decodeUtf8, from: 3 };
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { decode: utf16("le"), from: 2 };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { decode: utf16("be"), from: 2 };
  switch (encoding) {
    case "utf-8":
      return { decode: decodeUtf8, from: 0 };
    case "utf-16le":
      return { decode: utf16("le"), from: 0 };
    case "utf-16be":
      return { decode: utf16("be"), from: 0 };
    case "latin1":
      return { decode: wholeBytes((part) => part.toString("latin1")), from: 0 };
    case "windows-1252": {
      const decoder = new TextDecoder("windows-1252");
      return { decode: wholeBytes((part) => decoder.decode(part)), from: 0 };
    }
    case "utf-16":
      throw new FatalError(
        `${name} has no byte order mark, so its utf-16 can be read in two ways; write encoding: utf-16le or utf-16be`,
      );
  }
}

/** Encodings in which every byte is a character: nothing to carry over, nothing that can be wrong. */
function wholeBytes(toText: (part: Buffer) => string): Decode {
  return (bytes, from) => ({ chunk: { text: toText(bytes.subarray(from)), wellFormed: true }, used: bytes.length });
}

function utf16(order: "le" | "be"): Decode {
  return (bytes, from, end) => {
    const whole = bytes.length - ((bytes.length - from) % 2);
    // Copied before swapping: the chunk belongs to the stream.
    const units = order === "le" ? bytes.subarray(from, whole) : Buffer.from(bytes.subarray(from, whole)).swap16();
    const cut = end && whole < bytes.length ? String.fromCharCode(0xdc00 + (bytes[whole] ?? 0)) : "";
    const text = units.toString("utf16le") + cut;
    return { chunk: { text, wellFormed: text.isWellFormed() }, used: end ? bytes.length : whole };
  };
}

function decodeUtf8(bytes: Buffer, from: number, end: boolean): { chunk: TextChunk; used: number } {
  const used = end ? bytes.length : bytes.length - cutOff(bytes);
  const whole = bytes.subarray(from, Math.max(from, used));
  if (isUtf8(whole)) return { chunk: { text: whole.toString("utf8"), wellFormed: true }, used: Math.max(from, used) };
  return { chunk: { text: escapeBadBytes(whole), wellFormed: false }, used: Math.max(from, used) };
}

/** How many bytes at the end begin a character that goes on in the next chunk: 0 to 3. */
function cutOff(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

function escapeBadBytes(bytes: Buffer): string {
  let text = "";
  let good = 0;
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    const length = sequenceLength(byte);
    if (byte < 0x80 || (at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)))) {
      at += length;
      continue;
    }
    text += bytes.toString("utf8", good, at) + String.fromCharCode(0xdc00 + byte);
    good = ++at;
  }
  return text + bytes.toString("utf8", good);
}
