import { RecordError } from "../errors.ts";
import { cleanText } from "./clean-text.ts";
import { plainNumber } from "./decimal-text.ts";
import { instantFromDate, isoOf } from "./instant.ts";
import { canonicalJson } from "./json-text.ts";
import type { Convert } from "./numbers.ts";
import { showValue } from "./show-value.ts";

/** text, of what came as something else: numbers as plain digits, true, false, Dates as ISO 8601; nothing with parts. */
function textOf(value: unknown): string {
  switch (typeof value) {
    case "number":
      if (!Number.isFinite(value)) throw new RecordError(`${value} is not a number`);
      return plainNumber(value);
    case "bigint":
    case "boolean":
      return String(value);
    default:
      if (value instanceof Date) return isoOf(instantFromDate(value));
      throw new RecordError(
        `${showValue(value)} does not fit text: use type json, or ${Array.isArray(value) ? "$join" : "$string"}`,
      );
  }
}

/** text: as it came, but for what no database can store and, where `trim`, blanks around it. */
export function compileText(trim: boolean): Convert {
  return (value, warn) => {
    if (typeof value !== "string") return textOf(value);
    const clean = cleanText(value, warn);
    return trim ? clean.trim() : clean;
  };
}

/** json: canonical text of anything, so that equal values are equal text. A text becomes a JSON string. */
export const toJson: Convert = (value, warn) => canonicalJson(value, warn);

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** uuid: with or without dashes or braces, any case; canonical is lower case with dashes. */
export const toUuid: Convert = (value) => {
  if (typeof value === "string") {
    const lower = value.toLowerCase();
    if (uuidForm.test(lower)) return lower;
    const bare = /^\{(.*)\}$/.exec(lower)?.[1] ?? lower;
    if (uuidForm.test(bare)) return bare;
    const parts = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(bare);
    if (parts !== null) return parts.slice(1).join("-");
  }
  throw new RecordError(`${showValue(value)} is not a UUID`);
};
