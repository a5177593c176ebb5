/** Which failures of the network pass, and what they are called. */
import { messageOf } from "../../errors.ts";

/** The exchange did not come to a whole answer, and might if it is made again. */
export class NetworkFailure extends Error {
  override readonly name = "NetworkFailure";
}

/** Codes of what stays wrong however often it is tried: certificates, and requests that cannot be sent. */
const lasting = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT|ERR_INVALID|ERR_SSL_WRONG|UND_ERR_INVALID_ARG|UND_ERR_NOT_SUPPORTED)/;

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was closed",
  ENOTFOUND: "the host name was not found",
  EAI_AGAIN: "the host name could not be looked up",
  ETIMEDOUT: "the connection timed out",
  EHOSTUNREACH: "the host is unreachable",
  ENETUNREACH: "the network is unreachable",
  UND_ERR_SOCKET: "the connection was closed",
  UND_ERR_CONNECT_TIMEOUT: "the connection timed out",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer was cut short",
};

/** What was thrown while sending or reading, told apart: a NetworkFailure, or what it was. */
export function networkFailure(error: unknown): unknown {
  if (error instanceof NetworkFailure) return error;
  const code = codeOf(error);
  if (code === undefined || lasting.test(code)) return error;
  const known = words[code];
  return new NetworkFailure(known === undefined ? `${code}: ${messageOf(error)}` : `${known} (${code})`, { cause: error });
}

/** The code of an error, of its cause, or of the first of several (one per address that was tried). */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === "string") return code;
  return codeOf(Array.isArray(errors) ? errors[0] : cause);
}
