/** A spec from a CSV file: its header, and types from its first lines. */
import { SpecError } from "../errors.ts";
import { zoneRemark } from "./answer.ts";
import { targetTable } from "./names.ts";
import { recordChange, recordFields, recordKey } from "./records.ts";
import type { Draft } from "./write.ts";

export interface FileDraftInput {
  system: string;
  entity: string;
  /** From the spec's folder. */
  path: string;
  delimiter: string;
  records: readonly Record<string, unknown>[];
}

/** Texts by which exports say that there is nothing. */
const nothings = ["NULL", "\\N"];

/** The draft; `doubts` is what must be looked at before it is run. */
export function draftFile(input: FileDraftInput): { draft: Omit<Draft, "schema">; doubts: string[] } {
  const { system, entity, path, delimiter, records } = input;
  const written = new Set(records.flatMap((record) => Object.values(record)));
  const nulls = nothings.filter((text) => written.has(text));
  const seen = records.map((record) =>
    Object.fromEntries(
      Object.entries(record).map(([name, value]) => [name, nulls.includes(String(value)) ? null : value]),
    ),
  );
  const fields = recordFields(seen);
  const key = recordKey(fields, { entity, count: seen.length });
  if (!key) throw new SpecError(`${path} has no line below its header that a key could be found in`);
  if (key.field.type === "text") key.field.keepEmpty = true;
  delete key.field.validate;
  const { change } = recordChange(fields);
  return {
    doubts: key.doubt ? [key.doubt] : [],
    draft: {
      pipeline: `${system}.${entity}`,
      description: `${entity.replaceAll("_", " ")} of ${path.split("/").at(-1)}, one row per ${key.field.column}.`,
      remarks: [
        `Written by etl new from the header and the first ${seen.length} records of the file. Types are those of the sample: look them over.`,
        ...zoneRemark(fields.some(({ wall, leftOut }) => wall && leftOut === undefined)),
      ],
      source: [
        { key: "type", value: "csv" },
        { key: "path", value: path },
        ...(delimiter === "," ? [] : [{ key: "delimiter", value: delimiter }]),
        ...(nulls.length > 0 ? [{ key: "null_values", value: ["", ...nulls] }] : []),
      ],
      fields,
      upsert: { keys: [key.field.column], ...(change ? { newer_by: change.column } : {}) },
      keyRemarks: key.doubt ? [`CHECK: ${key.doubt}.`] : [],
      table: targetTable(system, entity),
    },
  };
}
