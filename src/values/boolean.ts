import { RecordError } from "../errors.ts";
import type { Convert } from "./numbers.ts";
import { showValue } from "./show-value.ts";

/** boolean: true, false, yes, no, 1 and 0, text in any case. `-` is NULL: that is how Five9's reports leave one out. */
export const toBoolean: Convert = (value) => {
  if (typeof value === "boolean") return value;
  switch (typeof value === "object" ? undefined : String(value).toLowerCase()) {
    case "true":
    case "yes":
    case "1":
      return true;
    case "false":
    case "no":
    case "0":
      return false;
    case "-":
      return null;
    default:
      throw new RecordError(`${showValue(value)} is not true or false`);
  }
};
