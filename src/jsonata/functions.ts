/** The functions that every JSONata expression may call: https://docs.jsonata.org, "Functions". */
import { closest } from "../suggest.ts";

export const functionNames: ReadonlySet<string> = new Set(
  (
    "sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad " +
    "match contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs " +
    "sqrt power random boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse each " +
    "error assert type sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent " +
    "decodeUrl eval toMillis fromMillis clone now millis"
  ).split(" "),
);

/** The words for a function that does not exist; undefined for one that does. */
export function suggestFunction(name: string): string | undefined {
  if (functionNames.has(name)) return undefined;
  const known = closest(name, functionNames);
  return `unknown function $${name}${known ? `. Did you mean $${known}?` : ""}`;
}
