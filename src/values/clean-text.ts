/**
 * Counts what was changed in a value that is kept all the same.
 * @param rule short name that the counts go by: `rounded`, `nul_removed`, `surrogate_replaced`.
 */
export type Warn = (rule: string, message: string) => void;

/**
 * Text that a database can store: without NUL characters (PostgreSQL refuses them) and with lone surrogates (half
 * a character, from a text cut in the middle) replaced by U+FFFD. Both are told to `warn`.
 */
export function cleanText(text: string, warn?: Warn): string {
  let clean = text;
  if (clean.includes("\0")) {
    clean = clean.replaceAll("\0", "");
    warn?.("nul_removed", "NUL characters were removed");
  }
  if (!clean.isWellFormed()) {
    clean = clean.toWellFormed();
    warn?.("surrogate_replaced", "half of a surrogate pair was replaced by U+FFFD");
  }
  return clean;
}
