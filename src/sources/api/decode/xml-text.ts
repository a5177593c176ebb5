/** From the bytes of an XML document to its text, and from what is written in it to what is meant. */
import { BadBody, type Body } from "./contract.ts";

/**
 * The text, by its byte order mark, else the content type's charset (RFC 7303, section 3), else what the document
 * says of itself, else UTF-8.
 * @throws BadBody for an encoding that does not exist
 */
export function xmlText(body: Body): string {
  const { bytes, charset } = body;
  const marked =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? "utf-16le"
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? "utf-16be"
        : undefined;
  if (marked !== undefined) return new TextDecoder(marked).decode(bytes);
  if (charset !== undefined || bytes[0] === 0xef) return body.text();
  // `<` in two bytes: UTF-16 without a mark.
  if (bytes[0] === 0x3c && bytes[1] === 0) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0 && bytes[1] === 0x3c) return new TextDecoder("utf-16be").decode(bytes);
  const said = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']+)["']/.exec(bytes.toString("latin1", 0, 512))?.[1];
  // It could be read so far: it is not what it says.
  if (said === undefined || /^utf-?16/i.test(said)) return body.text();
  try {
    return new TextDecoder(said).decode(bytes);
  } catch (error) {
    throw new BadBody(`the XML says that its encoding is "${said}", which is not known`, { cut: false, cause: error });
  }
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** References to characters undone. One that XML does not know (`&nbsp;`) stays as it is written. */
export function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(\d+)|#[xX]([\da-fA-F]+)|(\w+));/g,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return Object.hasOwn(named, name) ? (named[name] as string) : whole;
      const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
    },
  );
}

// XML 1.0, section 2.2: what no document may hold. Some servers send them all the same.
// eslint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Takes control characters out that XML forbids. */
export function stripForbidden(text: string): string {
  return text.replace(forbidden, "");
}

/**
 * Whether a document type is declared with declarations of its own: entities come from there, and nothing that we
 * read needs them (SOAP forbids them: SOAP 1.1, section 3).
 */
export function declaresEntities(text: string): boolean {
  const prolog = /^\ufeff?(?:\s+|<\?[\s\S]*?\?>|<!--[\s\S]*?-->)*/.exec(text)?.[0].length ?? 0;
  if (!/^<!doctype/i.test(text.slice(prolog, prolog + 9))) return false;
  // An external one is never fetched.
  return /^<!doctype(?:[^>"'[]|"[^"]*"|'[^']*')*\[/i.test(text.slice(prolog, prolog + 4096));
}
