/** The rows that a sandbox begins with: the same for the same seed and counts. */
import { Draw, hashText } from "../hubspot/data/draw.ts";
import { awkwardRows } from "./awkward.ts";
import { drawCell, drawNothing, type Pointed } from "./cells.ts";
import type { Cell, Column, Row, Table } from "./table.ts";

export interface World {
  seed: number;
  count(table: string): number;
  /** So many rows of each table that has them share one `updated_at`. */
  oneTimestamp: number;
}

/** The one `updated_at` of many rows: an import, a migration, an UPDATE without WHERE. */
export const oneTimestamp = "2024-07-01 12:00:00";
/** They begin after so many others. */
const oneTimestampFrom = 100;

/** Columns by the table that they point at; of no other column is the name enough. */
const pointsAt: Readonly<Record<string, string>> = {
  group_id: "division_group",
  region_id: "division_region",
  division_id: "division",
  division: "division",
  title_id: "user_title",
  service_id: "service",
  prospect_id: "prospect",
  prospect_source_id: "prospect_source",
  appointment_id: "appointment",
  job_id: "job",
  marketing_source_id: "marketing_source",
  marketing_source: "marketing_source",
  change_order_id: "job_change_order",
  definition_id: "integration_field_definition",
  third_party_source_id: "third_party_source",
  third_party_source_type_id: "third_party_source_type",
  user_associations_id: "users_userassociations",
  complete_outcome_id: "appointment_outcome",
};

/** The row of a table at a place, from 0 on. */
export function rowAt(table: Table, index: number, world: World): Row {
  const draw = new Draw();
  const pointed: Pointed = (column) => {
    const target = pointsAt[column] ?? (/(?:^|_)user_id$|_by$/.test(column) ? "user_data" : undefined);
    return target === undefined ? undefined : Math.max(1, world.count(target));
  };
  const row: Row = {};
  for (const [at, column] of table.columns.entries()) {
    draw.at(world.seed, index, hashText(`${table.name}.${column.name}`) + at);
    row[column.name] = keyCell(table, column, index) ?? cellOf(column, draw, pointed);
  }
  if (
    index >= oneTimestampFrom &&
    index < oneTimestampFrom + world.oneTimestamp &&
    world.count(table.name) >= oneTimestampFrom + world.oneTimestamp &&
    "updated_at" in row
  )
    row["updated_at"] = oneTimestamp;
  return { ...row, ...awkwardRows[table.name]?.[index] };
}

function cellOf(column: Column, draw: Draw, pointed: Pointed): Cell {
  const nothing = drawNothing(column, draw);
  return nothing === undefined ? drawCell(column, draw, pointed) : nothing;
}

/** Keys count up; undefined for a column that is none. */
function keyCell({ name, key }: Table, column: Column, index: number): Cell | undefined {
  if (!key.includes(column.name)) return undefined;
  // Two services of each appointment.
  if (name === "appointment_to_service")
    return column.name === "service_id" ? 1 + (index % 2) : 1 + Math.floor(index / 2);
  return column.base === "varchar" ? `MS-${String(index + 1).padStart(6, "0")}` : index + 1;
}
