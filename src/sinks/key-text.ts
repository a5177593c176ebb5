/** One text of several keys, in SQL as in the runtime: what joins them is escaped in each. */
export function joinKeyTexts(texts: readonly string[]): string {
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return only;
  return texts.map((text) => `replace(replace(${text}, '\\', '\\\\'), ',', '\\,')`).join(" || ',' || ");
}
