import { readIsoTime } from "../../values/iso-time.ts";
import { type CompileValidator, fail, readOptions, trimmed } from "./contract.ts";

export const dateOptions: string[] = [];

/** date: an ISO 8601 date, with or without a time. Gives it trimmed, else as written: a type is what converts. */
export const date: CompileValidator = (options) => {
  readOptions("date", dateOptions, options);
  return (value) => {
    const text = trimmed(value);
    return readIsoTime(text) === undefined ? fail("not a date") : text;
  };
};

/** datetime: an ISO 8601 date and time, with or without an offset. Gives it trimmed, else as written. */
export const datetime: CompileValidator = (options) => {
  readOptions("datetime", dateOptions, options);
  return (value) => {
    const text = trimmed(value);
    return text.length <= 10 || readIsoTime(text) === undefined ? fail("not a date and time") : text;
  };
};
