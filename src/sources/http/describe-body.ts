/** What an answer that nobody wanted says, in a few words, for messages. */

const longest = 200;

/**
 * `an HTML page titled "Sign in"`, the `message` or `error` of a JSON or XML body in quotes, the start of a short text.
 * Undefined for an empty body.
 */
export function describeBody(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  if (/^(?:<!doctype html|<html|<head|<body)/i.test(trimmed)) return describeHtml(trimmed);
  const fault = messageInXml(trimmed);
  if (fault !== undefined) return quote(fault);
  if (/^[[{]/.test(trimmed)) {
    try {
      const said = messageIn(JSON.parse(trimmed), 0);
      if (said !== undefined) return quote(said);
    } catch {
      // Not JSON after all: the text itself is shown.
    }
  }
  return quote(trimmed);
}

function describeHtml(html: string): string {
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(html)?.[1]?.trim();
  return title ? `an HTML page titled ${quote(title)}` : "an HTML page without a title";
}

const messageKeys = [
  "message",
  "error_description",
  "error",
  "detail",
  "errorMessage",
  "title",
  "description",
  "errors",
  "fault",
  "msg",
];

/** The first text found under the names that APIs give to their messages, a few levels down. */
function messageIn(value: unknown, depth: number): string | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (typeof value !== "object" || value === null || depth > 3) return undefined;
  if (Array.isArray(value)) return messageIn(value[0], depth + 1);
  for (const key of messageKeys) {
    const said = Object.hasOwn(value, key) ? messageIn((value as Record<string, unknown>)[key], depth + 1) : undefined;
    if (said !== undefined) return said;
  }
  return undefined;
}

/** The words of an XML error: SOAP 1.1 and 1.2, OData, S3. */
function messageInXml(text: string): string | undefined {
  if (!/^<[?\w]/.test(text)) return undefined;
  const found = /<(?:[\w.-]+:)?(faultstring|Text|Message)\b[^>]*>([^<]+)</i.exec(text.slice(0, 65_536))?.[2]?.trim();
  return found === "" ? undefined : found;
}

function quote(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return JSON.stringify(line.length <= longest ? line : `${line.slice(0, longest - 1)}…`);
}
