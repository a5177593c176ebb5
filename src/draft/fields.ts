/** What the name of a field tells: a secret, an e-mail address, the time of a change. */
import { columnName } from "./names.ts";

/** One line of a mapping. */
export interface DraftField {
  /** The column in the warehouse. */
  column: string;
  /** JSONata over the record. */
  from: string;
  type: string;
  format?: string;
  /** Kept as it came: two keys that differ in blanks alone are two. */
  keepEmpty?: boolean;
  validate?: string;
  sensitive?: boolean;
  note?: string;
  /** Why it is left out: it is written as a comment. */
  leftOut?: string;
}

const secret =
  /(^|_)(password|passwd|passphrase|pwd|pass|passcode|secrets?|token|tokens|api_?key|apikey|private_?key|access_?key|secret_?key|encryption_?key|auth_?key|license_?key|credentials?|salt|otp|totp|cvv|cvc|pin|ssn|social_security(_number)?|card_number|credit_card|session_id|cookie|signature_key|(?:password|token|secret|pass|pwd)_(?:hash|digest|salt)|hash|hashed|key)$|^(password|passwd|pwd|secret|token|api_?key|private_?key|credential)(_|\d|$)|_(secret|password|token)_/;

/**
 * Whether a name is one that credentials and the like go by. A guess, on the careful side.
 * @param type of its values, where it is known: `password_changed_at` is a time, `customer_key` a number
 */
export function looksSecret(name: string, type = "text"): boolean {
  const column = columnName(name);
  if (!secret.test(column) || /^(timestamp|date|time|interval|boolean)$/.test(type)) return false;
  return !(/(^|_)(key|pass)$/.test(column) && /^(integer|bigint|decimal)/.test(type));
}

const validators: readonly [RegExp, string][] = [
  [/(^|_)e_?mail(_?address)?\d*$/, "email"],
  [/(^|_)(phone|telephone|mobile|cell|fax|cellphone|mobilephone)(_?number)?_?\d*$/, "phone"],
  [/(^|_)(zip|zip_?code|postal_?code|postcode)$/, "zip_code"],
];

/** The validator that a text of this name calls for. */
export function validatorOf(column: string): string | undefined {
  return validators.find(([pattern]) => pattern.test(column))?.[1];
}

const changeNames = [
  /^(updated|modified|changed|last_?(updated|modified|changed|update|change))(_?(at|on|date|time|datetime|timestamp|utc|ts))?$/,
  /^(update|modification|modify|change|mod)_?(d|date|time|datetime|timestamp|at|on)$/,
  /^(hs_)?last_?modified_?date$|^system_?modstamp$|^(date|time|ts)_(updated|modified|changed)$/,
  /(^|_)(updated|modified|changed)(_?(at|on|date|time))?$/,
];
const additionNames = [
  /^(created|added|inserted)(_?(at|on|date|time|datetime|timestamp|utc|ts))?$/,
  /^(create|creation|add|insert|insertion|entry)_?(date|time|datetime|timestamp|at|on)$/,
  /^(date|time|ts)_(created|added|inserted|entered)$/,
];

/** The field that says when a record last changed, of those given. */
export function changeField<T extends { column: string }>(fields: readonly T[]): T | undefined {
  return firstNamed(fields, changeNames);
}

/** The field that says when a record came to be. */
export function additionField<T extends { column: string }>(fields: readonly T[]): T | undefined {
  return firstNamed(fields, additionNames);
}

function firstNamed<T extends { column: string }>(fields: readonly T[], patterns: readonly RegExp[]): T | undefined {
  for (const pattern of patterns) {
    const found = fields.find(({ column }) => pattern.test(column));
    if (found) return found;
  }
  return undefined;
}
