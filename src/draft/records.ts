/** A mapping from records that were read: of an API's answer, of a file. */
import { additionField, changeField, type DraftField, looksSecret, validatorOf } from "./fields.ts";
import { columnName, columnNames, fieldPath, likelyTables } from "./names.ts";
import { typeOfValues } from "./value-type.ts";

export interface RecordField extends DraftField {
  /** Where it is in a record. */
  names: string[];
  values: unknown[];
  wall: boolean;
}

/** Maps within maps, and no deeper. */
const maxDepth = 3;
/** A map of more is a table of its own, or keyed by data. */
const maxMembers = 40;
/** Maps that only wrap what a record has: their name says nothing of a field. */
const wrappers = new Set(["properties", "attributes", "fields"]);

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields of all records, in the order in which they first appear. */
export function recordFields(records: readonly unknown[]): RecordField[] {
  const nameOf = columnNames();
  return leaves(records, []).map(({ names, values }): RecordField => {
    const last = names.at(-1) as string;
    const label = names.filter((name, at) => at === names.length - 1 || !wrappers.has(name.toLowerCase())).join("_");
    const column = nameOf(label);
    const from = fieldPath(names);
    const { type, format, wall = false, note } = typeOfValues(values, columnName(last));
    const field: RecordField = {
      names,
      values,
      column,
      from: from ?? "",
      type,
      wall,
      ...(format === undefined ? {} : { format }),
      ...(note === undefined ? {} : { note }),
    };
    if (from === undefined) return { ...field, leftOut: `no expression can name ${JSON.stringify(names.join("."))}` };
    if (looksSecret(last, type)) return { ...field, sensitive: true, leftOut: "looks like a secret" };
    if (type === "json" && values.some(Array.isArray))
      return { ...field, note: "a list: children: makes rows of it in a table of their own" };
    const validate = type === "text" ? validatorOf(columnName(last)) : undefined;
    return validate === undefined ? field : { ...field, validate };
  });
}

interface Leaf {
  names: string[];
  /** One for each record, undefined where it has none. */
  values: unknown[];
}

function leaves(records: readonly unknown[], at: string[]): Leaf[] {
  const names = [...new Set(records.flatMap((record) => (isMap(record) ? Object.keys(record) : [])))];
  return names.flatMap((name): Leaf[] => {
    const path = [...at, name];
    const values = records.map((record) => (isMap(record) && Object.hasOwn(record, name) ? record[name] : undefined));
    const there = values.filter((value) => value !== null && value !== undefined);
    const members = new Set(there.flatMap((value) => (isMap(value) ? Object.keys(value) : [])));
    const opens =
      there.length > 0 &&
      there.every(isMap) &&
      members.size > 0 &&
      members.size <= maxMembers &&
      path.length < maxDepth;
    // What a secret holds is one as well.
    return opens && !looksSecret(name) ? leaves(values, path) : [{ names: path, values }];
  });
}

/** The field that tells each record from every other, and what is doubtful about it. */
export function recordKey(
  fields: readonly RecordField[],
  { entity, count }: { entity: string; count: number },
): { field: RecordField; doubt?: string } | undefined {
  const usable = fields.filter(({ leftOut, type }) => leftOut === undefined && type !== "json");
  const unique = usable.filter(({ values }) => {
    const seen = values.filter((value) => value !== null && value !== undefined && value !== "").map(String);
    return seen.length === count && new Set(seen).size === count;
  });
  const own = likelyTables(entity).flatMap((name) => [`${name}_id`, `${name}_key`, `${name}_number`, `${name}_code`]);
  for (const name of ["id", "_id", ...own, "uuid", "guid", "uid", "key", "code", "slug"]) {
    const field = unique.find(({ column }) => column === columnName(name));
    if (field) return { field };
  }
  const [byName] = unique.filter(({ column }) => /(^|_)(id|uuid|guid|key)$/.test(column));
  const found = byName ?? unique.find(({ type }) => type !== "boolean" && type !== "double") ?? usable[0];
  if (!found) return undefined;
  const doubt = unique.includes(found)
    ? `${found.column} is taken for the key because no two records of the sample share it`
    : `no field tells every record of the sample from every other: ${found.column} is taken for the key, and records that share it become one row`;
  return { field: found, doubt };
}

/** The field that orders changes. */
export function recordChange(fields: readonly RecordField[]): { change?: RecordField; addition?: RecordField } {
  const times = fields.filter(
    ({ leftOut, type }) => leftOut === undefined && (type === "timestamp" || type === "date"),
  );
  const change = changeField(times);
  const addition = additionField(times);
  return { ...(change ? { change } : {}), ...(addition ? { addition } : {}) };
}
