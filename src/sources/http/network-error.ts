/** Which failures of the network pass, and what they are called. */
import { messageOf } from "../../errors.ts";

/** The exchange did not come to a whole answer, and might if it is made again. */
export class NetworkFailure extends Error {
  override readonly name = "NetworkFailure";
}

/** Codes that may pass: the system's own (ECONNRESET), the resolver's, Undici's, and streams that ended too soon. */
const passing = /^(?:E(?!RR_)[A-Z0-9_]+|UND_ERR_[A-Z_]+|HPE_[A-Z_]+|ERR_STREAM_PREMATURE_CLOSE)$/;
/** Of Undici's: requests that cannot be sent, and clients that were closed. */
const lasting = /^UND_ERR_(?:INVALID_ARG|NOT_SUPPORTED|DESTROYED|CLOSED|ABORTED|REQ_CONTENT_LENGTH_MISMATCH)/;

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was closed",
  ENOTFOUND: "the host name was not found",
  EAI_AGAIN: "the host name could not be looked up",
  ETIMEDOUT: "the connection timed out",
  EHOSTUNREACH: "the host is unreachable",
  ENETUNREACH: "the network is unreachable",
  HPE_INVALID: "the answer is not HTTP",
  UND_ERR_SOCKET: "the connection was closed",
  UND_ERR_CONNECT_TIMEOUT: "the connection timed out",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer was cut short",
};

/** What was thrown while sending or reading, told apart: a NetworkFailure, or what it was. */
export function networkFailure(error: unknown): unknown {
  if (error instanceof NetworkFailure) return error;
  const code = codeOf(error);
  if (code === undefined || !passing.test(code) || lasting.test(code)) return error;
  const known = words[code];
  return new NetworkFailure(known === undefined ? `${code}: ${messageOf(error)}` : `${known} (${code})`, {
    cause: error,
  });
}

/** The code of an error, of its cause, or of the first of several (one per address that was tried). */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { name, code, cause, errors } = error as { name?: unknown; code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === "string") return code;
  // Undici's parser has a code only where its own parser, in WebAssembly, knew one.
  if (name === "HTTPParserError") return "HPE_INVALID";
  return codeOf(Array.isArray(errors) ? errors[0] : cause);
}
