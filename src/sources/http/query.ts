/** Query strings, item by item, so that what a server wrote stays as it wrote it. */

/** `name=value` pairs, each side encoded; a space is `%20`, which every server reads. */
export function encodeQuery(items: Iterable<readonly [name: string, value: string]>): string {
  return Array.from(items, ([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** The URL with the query items added, in place of any of the same names. */
export function addQuery(url: string, items: Iterable<readonly [name: string, value: string]>): string {
  const added = [...items];
  if (added.length === 0) return url;
  const bare = withoutQuery(
    url,
    added.map(([name]) => name),
  ).replace(/#.*$/s, "");
  return `${bare}${bare.includes("?") ? "&" : "?"}${encodeQuery(added)}`;
}

/** The URL without the query items of these names: what a checkpoint may keep of a link that repeats credentials. */
export function withoutQuery(url: string, names: readonly string[]): string {
  const at = url.indexOf("?");
  if (at < 0 || names.length === 0) return url;
  const [query = "", ...fragment] = url.slice(at + 1).split("#");
  const kept = query.split("&").filter((item) => item !== "" && !names.includes(nameOf(item)));
  return [`${url.slice(0, at)}${kept.length > 0 ? `?${kept.join("&")}` : ""}`, ...fragment].join("#");
}

/** The decoded name of a query item; as it stands where its encoding is broken. */
export function nameOf(item: string): string {
  const name = item.split("=", 1)[0] as string;
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
