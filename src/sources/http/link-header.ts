/**
 * The target of the first link of a relation in a `Link` header, as it stands there (it may be relative); undefined
 * where there is none. RFC 8288, section 3: `<https://…?page=2>; rel="next", <…>; rel=last`.
 */
export function linkOf(header: string | undefined, relation: string): string | undefined {
  for (const [, target, parameters] of (header ?? "").matchAll(
    /<([^>]*)>((?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:"[^"]*"|[^";,\s]*))?)*)/g,
  )) {
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^";,\s]*))/i.exec(parameters ?? "");
    const relations = (rel?.[1] ?? rel?.[2] ?? "").toLowerCase().split(/\s+/);
    if (relations.includes(relation.toLowerCase())) return target;
  }
  return undefined;
}
