import { boolean, booleanOptions } from "./boolean.ts";
import type { CompileValidator } from "./contract.ts";
import { date, dateOptions, datetime } from "./dates.ts";
import { email, emailOptions } from "./email.ts";
import { decimal, decimalOptions, integer, integerOptions } from "./numbers.ts";
import { phone, phoneOptions } from "./phone.ts";
import { range, rangeOptions } from "./range.ts";
import { state, stateOptions } from "./state.ts";
import {
  enumeration,
  enumOptions,
  length,
  lengthOptions,
  objectId,
  objectIdOptions,
  pattern,
  patternOptions,
} from "./text.ts";
import { url, urlOptions } from "./url.ts";
import { zipCode, zipCodeOptions } from "./zip-code.ts";

export type { CompileValidator, Validate } from "./contract.ts";

/** The built-in validators by the name that a mapping's `validate` has for them. */
export const validators: Readonly<Record<string, CompileValidator>> = {
  email,
  phone,
  url,
  date,
  datetime,
  decimal,
  integer,
  boolean,
  zip_code: zipCode,
  state,
  object_id: objectId,
  enum: enumeration,
  pattern,
  range,
  length,
};

/** Names of the options that each validator takes: the schema says the same, and a test compares the two. */
export const validatorOptions: Readonly<Record<string, readonly string[]>> = {
  email: emailOptions,
  phone: phoneOptions,
  url: urlOptions,
  date: dateOptions,
  datetime: dateOptions,
  decimal: decimalOptions,
  integer: integerOptions,
  boolean: booleanOptions,
  zip_code: zipCodeOptions,
  state: stateOptions,
  object_id: objectIdOptions,
  enum: enumOptions,
  pattern: patternOptions,
  range: rangeOptions,
  length: lengthOptions,
};
