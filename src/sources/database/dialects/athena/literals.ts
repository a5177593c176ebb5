/**
 * Values for Athena. They travel beside the SQL, in ExecutionParameters, each written as a literal of Trino's: a text
 * in single quotes, which are doubled inside; a backslash is a character like any other.
 * https://docs.aws.amazon.com/athena/latest/ug/select.html#select-escaping
 */
import { SpecError } from "../../../../errors.ts";

/** A value as a literal. @throws SpecError for one that has none */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  switch (typeof value) {
    case "boolean":
    case "bigint":
      return String(value);
    case "number":
      if (!Number.isFinite(value)) throw new SpecError(`${value} is no number that a database takes`);
      return Number.isSafeInteger(value) ? String(value) : `DOUBLE ${textLiteral(String(value))}`;
    case "string":
      return textLiteral(value);
    default:
      return textLiteral(JSON.stringify(value));
  }
}

export function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
