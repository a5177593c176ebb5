/** The types of a mapping, as sinks look at them. */
import { SpecError } from "../errors.ts";
import { readColumnType, type ParsedType, type TypeName } from "../values/column-type.ts";
import type { ColumnType } from "./contract.ts";

export type Kind = TypeName;

/** Takes `decimal(12,2)` apart. Throws SpecError for a type that is not one of the design's. */
export function parseColumnType(type: ColumnType): Omit<ParsedType, "name"> & { kind: Kind } {
  const parsed = readColumnType(type.trim());
  if (!parsed) throw new SpecError(`unknown column type "${type}": write one such as text, bigint or decimal(12,2)`);
  const { name, precision, scale } = parsed;
  return { kind: name, precision, scale };
}
