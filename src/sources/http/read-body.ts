/** What becomes of a body: a text within the limits, or a stream with its content encoding undone. */
import { pipeline, Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { FatalError, messageOf, TransientError } from "../../errors.ts";
import { BrokenBody, charsetOf, decodeText, decompress, TooLarge } from "./body.ts";
import type { StreamResponse, TextResponse } from "./contract.ts";
import type { Arrival } from "./exchange.ts";
import { NetworkFailure } from "./network-error.ts";

export interface ReadLimits {
  /** Bytes over the wire, and after decompression. */
  response: number;
  decompressed: number;
  /** Names the answer and the limit: `… is larger than 64MB (limits.response of connection "x")`. */
  tooLarge(limit: "response" | "decompressed"): FatalError;
  /** Called with every piece that comes in. */
  onBytes(count: number): void;
  /** Called when the body becomes a text, and bytes of it were not of its charset. */
  onDamaged?(): void;
}

/** Reads a whole body. Throws FatalError past a limit, NetworkFailure for a body that is damaged or cut short. */
export async function readText(arrival: Arrival, limits: ReadLimits): Promise<TextResponse> {
  const { status, headers, url } = arrival;
  const raw = await collect(arrival, limits);
  try {
    const content = await decompress(raw, headers["content-encoding"], limits.decompressed);
    const charset = charsetOf(headers["content-type"]);
    const text = lazyText(content, { charset, onDamaged: limits.onDamaged });
    return Object.defineProperty({ status, headers, url, bytes: raw.length, content, charset, text: "" }, "text", {
      get: text,
      enumerable: true,
    });
  } catch (error) {
    if (error instanceof TooLarge) throw limits.tooLarge("decompressed");
    if (error instanceof BrokenBody) throw new NetworkFailure(messageOf(error), { cause: error });
    throw error;
  }
}

/** The text, made once: a zip archive or a file in its own encoding is never asked for it. */
function lazyText(
  content: Buffer,
  { charset, onDamaged }: { charset: string | undefined; onDamaged?(): void },
): () => string {
  let known: string | undefined;
  return () => {
    if (known !== undefined) return known;
    const { text, damaged } = decodeText(content, charset);
    if (damaged) onDamaged?.();
    return (known = text);
  };
}

async function collect({ body, headers }: Arrival, limits: ReadLimits): Promise<Buffer> {
  if (Number(headers["content-length"]) > limits.response) {
    discard(body);
    throw limits.tooLarge("response");
  }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    size += piece.length;
    limits.onBytes(piece.length);
    if (size > limits.response) throw limits.tooLarge("response");
    pieces.push(piece);
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, size);
}

/** Ends a body that nobody wants. */
export function discard(body: Readable): void {
  // Undici reports the end of an unread body as an error.
  body.on("error", () => {});
  body.destroy();
}

/** The body as a stream that fails with TransientError when it breaks off. */
export function streamBody(
  arrival: Arrival,
  { shown, onBytes, explain }: { shown: string; onBytes(count: number): void; explain(error: unknown): unknown },
): StreamResponse {
  const { status, headers, url, body } = arrival;
  const counter = new Transform({
    transform(piece: Buffer, _encoding, done) {
      onBytes(piece.length);
      done(null, piece);
    },
  });
  const stages = [counter, ...decoders(headers["content-encoding"])];
  const last = stages.at(-1) as Transform;
  // Errors reach the reader through `last`, which pipeline destroys with them.
  pipeline([body, ...stages], () => {});
  async function* pieces(): AsyncGenerator<Buffer> {
    try {
      yield* last as AsyncIterable<Buffer>;
    } catch (error) {
      const cause = explain(error);
      throw isZlib(error) || cause instanceof NetworkFailure
        ? new TransientError(`the answer to ${shown} broke off: ${messageOf(cause)}`, { cause: error })
        : cause;
    }
  }
  const decoded = Readable.from(pieces(), { objectMode: false });
  // A generator that was never started does not run its end either.
  decoded.once("close", () => discard(body));
  return { status, headers, url, body: decoded };
}

function isZlib(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && code.startsWith("Z_");
}

function decoders(encoding: string | undefined): Transform[] {
  const names = (encoding ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
  return names.reverse().flatMap((name): Transform[] => {
    if (name === "gzip" || name === "x-gzip") return [createGunzip()];
    if (name === "deflate") return [createInflate()];
    if (name === "br") return [createBrotliDecompress() as unknown as Transform];
    if (name === "" || name === "identity") return [];
    throw new FatalError(`the content encoding "${name}" is not known`);
  });
}
