/** Time zones, formats and durations: what `values` would refuse at the start of a run, said with its place. */
import { SpecError, messageOf } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { parseDuration } from "../values/duration.ts";
import { zoneOf } from "../values/zone.ts";
import type { Path, SpecDocument } from "./document.ts";

/** What a piece of `values` says against what it was given; undefined where it takes it. */
export function refusal(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** The same, but only what a spec is to blame for. */
export function specRefusal(attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof SpecError) return error.message;
    throw error;
  }
}

/** Checks a time zone; true when values can be read in it. */
export function checkZone(document: SpecDocument, path: Path, zone: unknown): boolean {
  if (typeof zone !== "string") return zone === undefined;
  if (specRefusal(() => zoneOf(zone)) === undefined) return true;
  const near = didYouMean(zone, Intl.supportedValuesOf("timeZone"));
  document.add(
    path,
    "E416",
    `"${zone}" is not a time zone.${near || " Write a name of the tz database, such as America/Los_Angeles, or UTC."}`,
  );
  return false;
}

/**
 * Checks each format of a list, or the one, by what compiles it.
 * @param compile throws SpecError for formats that cannot be.
 */
export function checkFormats(
  document: SpecDocument,
  path: Path,
  format: unknown,
  compile: (formats: string[]) => unknown,
): boolean {
  const formats = Array.isArray(format) ? format : [format];
  if (format === undefined || !formats.every((item) => typeof item === "string")) return format === undefined;
  let sound = true;
  for (const [index, item] of formats.entries()) {
    const said = specRefusal(() => compile([item]));
    if (said === undefined) continue;
    document.add(Array.isArray(format) ? [...path, index] : path, "E417", said);
    sound = false;
  }
  const together = sound ? specRefusal(() => compile(formats)) : undefined;
  if (together !== undefined) document.add(path, "E417", together);
  return sound && together === undefined;
}

/** Checks a duration that has the right form: it may still be too long to count. */
export function checkDuration(document: SpecDocument, path: Path, text: unknown): void {
  if (typeof text !== "string" || !/^\d+(ms|s|m|h|d)$/.test(text)) return;
  const said = specRefusal(() => parseDuration(text));
  if (said !== undefined) document.add(path, "E105", said);
}
