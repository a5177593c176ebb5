/**
 * Functions that take the value before them when they are called with one argument less:
 * `email.$contains("x")`. Their signatures have a `-` (https://docs.jsonata.org, "Function signature syntax").
 */

/** Name and number of arguments that must be there; with one less, the context is the first. */
const required: ReadonlyMap<string, number> = new Map(
  Object.entries({
    1: "string lowercase uppercase length trim base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl number floor ceil round abs sqrt formatBase boolean not keys spread toMillis fromMillis sift",
    2: "substring substringBefore substringAfter pad match contains split formatNumber formatInteger parseInteger power lookup each",
    3: "replace",
  }).flatMap(([count, names]) => names.split(" ").map((name) => [name, Number(count)] as const)),
);

/** True for a call that reads its context. */
export function readsContext(name: string, argumentCount: number): boolean {
  return (required.get(name) ?? -1) === argumentCount + 1;
}
