/** A name as an SQL identifier, whatever is in it; both dialects quote alike. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
