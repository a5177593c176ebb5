/** The types of a mapping, taken apart. */
import { SpecError } from "../errors.ts";
import type { ColumnType } from "./contract.ts";

const KINDS = [
  "text",
  "integer",
  "bigint",
  "decimal",
  "double",
  "boolean",
  "date",
  "time",
  "timestamp",
  "interval",
  "json",
  "uuid",
] as const;

export type Kind = (typeof KINDS)[number];

export interface ParsedType {
  kind: Kind;
  /** Of a decimal: digits in all and digits after the point; absent where the type names none. */
  precision?: number;
  scale?: number;
}

const SHAPE = /^([a-z]+)(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?$/;

/** Takes `decimal(12,2)` apart. Throws SpecError for a type that is not one of the design's. */
export function parseColumnType(type: ColumnType): ParsedType {
  const match = SHAPE.exec(type.trim());
  const kind = KINDS.find((known) => known === match?.[1]);
  if (!match || !kind || (match[2] !== undefined && kind !== "decimal")) {
    throw new SpecError(`unknown column type "${type}". Known are ${KINDS.join(", ")}; decimal takes (digits,scale).`);
  }
  if (match[2] === undefined) return { kind };
  return { kind, precision: Number(match[2]), scale: Number(match[3] ?? 0) };
}
