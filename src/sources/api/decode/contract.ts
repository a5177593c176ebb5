/** What the decoders share. */
import type { SourceReject } from "../../contract.ts";
import type { TextResponse } from "../../http/index.ts";

/** A body as it came, content encoding and packing undone. */
export interface Body {
  bytes: Buffer;
  /** What the content type says; undefined where it says nothing. */
  charset?: string;
  /** The bytes by that charset, UTF-8 where there is none; without its byte order mark. */
  text(): string;
  /** `GET https://…`, for messages. */
  shown: string;
}

/** A body's value as rules, pagination and `records` see it. */
export interface Decoded {
  value: unknown;
  /** Lines of it that could not be read. */
  rejects?: SourceReject[];
}

/** Reads a body. Throws BadBody for one that is not what the spec says. */
export type Decode = (body: Body) => Decoded | Promise<Decoded>;

/** The body is not what the spec says that it is. */
export class BadBody extends Error {
  override readonly name = "BadBody";
  /** It began as it should: damaged or cut on its way, and worth another try. */
  readonly cut: boolean;

  constructor(message: string, { cut, ...options }: ErrorOptions & { cut: boolean }) {
    super(message, options);
    this.cut = cut;
  }
}

/** What is made of one kind of answers. */
export interface Decoder {
  /** Gives the document. Throws BadBody; FatalError for what no other try mends. */
  decode: Decode;
  /** The same for an answer that is no success: an error has a form of its own. */
  decodeError: Decode;
}

/** The decoder of one source: what is packed is unpacked, and errors are read as errors. */
export interface AnswerDecoder {
  /**
   * @param shown `GET https://…`, for messages
   * @throws BadBody; FatalError for what no other try mends
   */
  decode(response: TextResponse, shown: string): Promise<Decoded>;
}
