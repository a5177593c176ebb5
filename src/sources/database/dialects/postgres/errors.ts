/** PostgreSQL's errors by what to do next. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
import { codeOf, type ErrorKind, networkCodes } from "../error-text.ts";

export function postgresErrorKind(error: unknown): ErrorKind {
  const code = codeOf(error);
  if (networkCodes.has(code)) return "lost";
  if (code === "") {
    const { message = "" } = error as { message?: string };
    // The driver's own words: they have no code.
    return /terminated|not queryable|timeout expired|Connection closed|closed by the server/i.test(message)
      ? "lost"
      : "failed";
  }
  if (code === "57014") return "timeout";
  if (code === "42501") return "denied";
  if (code.startsWith("28")) return "refused";
  // Shut down, crashed, starting up, too many connections, an idle session that was ended.
  if (/^(?:08|57P|53300|25P03|25P04)/.test(code)) return "lost";
  if (/^(?:40|55P03)/.test(code)) return "busy";
  if (/^(?:42|3D|3F|26|07)/.test(code)) return "statement";
  return "failed";
}
