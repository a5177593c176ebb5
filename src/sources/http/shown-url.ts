/** URLs as messages and logs may show them. */
import { nameOf } from "./query.ts";

/** Query names that hold secrets wherever they stand: a link to the next page may repeat what auth put there. */
const secretNames =
  /^(?:access_?token|api_?key|apikey|hapikey|auth|client_secret|key|password|secret|sig|signature|token|x-amz-(?:credential|signature|security-token))$/i;
const shortened = { value: 60, url: 300 };

/**
 * The URL without its user, password and secret query values, long values cut in the middle.
 * @param secretKeys names that the connection's own auth adds to the query.
 * @param longest characters of a value and of the whole.
 */
export function showUrl(url: string, secretKeys: Iterable<string> = [], longest = shortened): string {
  if (!URL.canParse(url)) return cut(url, longest.url);
  const parsed = new URL(url);
  const secrets = new Set([...secretKeys].map((key) => key.toLowerCase()));
  const query = parsed.search
    .slice(1)
    .split("&")
    .filter((item) => item !== "")
    .map((item) => showItem(item, { secrets, longest: longest.value }))
    .join("&");
  return cut(`${parsed.protocol}//${parsed.host}${parsed.pathname}${query === "" ? "" : `?${query}`}`, longest.url);
}

function showItem(item: string, { secrets, longest }: { secrets: ReadonlySet<string>; longest: number }): string {
  const at = item.indexOf("=");
  if (at < 0) return cut(item, longest);
  const name = item.slice(0, at);
  const plain = nameOf(item).toLowerCase();
  return `${name}=${secrets.has(plain) || secretNames.test(plain) ? "***" : cut(item.slice(at + 1), longest)}`;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
