/** A spec from a table: its columns, keys and what orders its changes. */
import type { ColumnShape, TableShape } from "../sources/database/dialects/contract.ts";
import { additionField, changeField, type DraftField, looksSecret, validatorOf } from "./fields.ts";
import { columnNames, fieldPath, targetTable } from "./names.ts";
import { fits, typeOfValues } from "./value-type.ts";
import type { Draft, DraftKey } from "./write.ts";

export interface TableDraftInput {
  system: string;
  entity: string;
  connection: string;
  /** The connection names a zone for dates and times that carry none. */
  hasZone: boolean;
  table: string;
  shape: TableShape;
  /** Values of columns whose type is not the whole truth. */
  values: ReadonlyMap<string, unknown[]>;
  /** `MariaDB 10.11.19` */
  version: string;
}

interface TableField extends DraftField {
  shape: ColumnShape;
  wall: boolean;
}

/** The draft; `doubts` is what must be looked at before it is run. */
export function draftTable(input: TableDraftInput): { draft: Omit<Draft, "schema">; doubts: string[] } {
  const { system, entity, connection, table, version } = input;
  const keys = chooseKeys(input.shape);
  const fields = tableFields(input, new Set(keys?.columns));
  const mapped = fields.filter(({ leftOut }) => leftOut === undefined);
  const doubts: string[] = [];
  const key = keys ?? keylessKeys(mapped, table, doubts);
  const delta = changeOf(mapped);
  const keyColumns = key.columns.flatMap((name) => mapped.find(({ shape }) => shape.name === name)?.column ?? []);
  return {
    doubts,
    draft: {
      pipeline: `${system}.${entity}`,
      description: `${table} of ${connection}, one row per ${key.columns.join(", ")}.`,
      remarks: [
        `Written by etl new from table ${table} of ${version}. Look it over: names, types, checks.`,
        ...(input.hasZone || !mapped.some(({ wall }) => wall)
          ? []
          : [
              `Dates and times of ${connection} carry no zone and are read as UTC: time_zone in connection.yml says otherwise.`,
            ]),
      ],
      source: [
        { key: "type", value: "database" },
        { key: "connection", value: connection },
        { key: "table", value: table },
        ...pages(input, { mapped, key, change: delta?.change }),
        delta ? delta.line : noDelta(mapped),
      ],
      fields,
      upsert: { keys: keyColumns, ...(delta ? { newer_by: delta.change.column } : {}) },
      keyRemarks: key.remarks,
      table: targetTable(system, entity),
    },
  };
}

interface ChosenKey {
  columns: string[];
  /** The database says that they are unique. */
  unique: boolean;
  remarks: string[];
}

/** The primary key, else the shortest of the unique ones. */
function chooseKeys({ columns, keys }: TableShape): ChosenKey | undefined {
  const types = new Map(columns.map((column) => [column.name, column]));
  const usable = keys.filter((names) => names.every((name) => types.get(name)?.as !== undefined));
  const [first] = usable;
  return first && { columns: first, unique: true, remarks: [] };
}

/** A table without a key is read whole, and rows that look alike are one. */
function keylessKeys(mapped: readonly TableField[], table: string, doubts: string[]): ChosenKey {
  const id = mapped.find(({ column }) => column === "id");
  const notNull = mapped.filter(({ shape, type }) => shape.notNull && type !== "json" && type !== "double");
  const chosen = id ? [id] : notNull.length > 0 ? notNull : mapped.slice(0, 1);
  const names = chosen.map(({ column }) => column).join(", ");
  doubts.push(
    `table ${table} has no primary key and no unique index: ${names} ${chosen.length > 1 ? "are" : "is"} taken for the key, and rows that are alike in it become one`,
  );
  return {
    columns: chosen.map(({ shape }) => shape.name),
    unique: false,
    remarks: ["CHECK: the table has no primary key and no unique index. Rows that are alike in these keys become one."],
  };
}

function tableFields({ shape, values }: TableDraftInput, keys: ReadonlySet<string>): TableField[] {
  const nameOf = columnNames();
  return shape.columns.map((column) => {
    const { name, type } = column;
    const from = fieldPath([name]);
    const guessed = guess(column, values.get(name) ?? []);
    const field: TableField = {
      column: nameOf(name),
      from: from ?? "",
      shape: column,
      ...guessed,
      ...(keys.has(name) && guessed.type === "text" ? { keepEmpty: true } : {}),
    };
    if (column.as === undefined)
      return {
        ...field,
        type: "text",
        leftOut: `${type}: bytes; with binary: base64 in source it can be read as text`,
      };
    if (from === undefined)
      return { ...field, leftOut: `no expression can name ${JSON.stringify(name)}: write a query that does` };
    if (looksSecret(name, guessed.type) && !keys.has(name))
      return { ...field, sensitive: true, leftOut: "looks like a secret: it stays in the database" };
    const validate = guessed.type === "text" && !keys.has(name) ? validatorOf(field.column) : undefined;
    return { ...field, ...(validate === undefined ? {} : { validate }) };
  });
}

/** The catalog's type, unless the values that were looked at do not keep to it. */
function guess(
  column: ColumnShape,
  values: unknown[],
): { type: string; format?: string; note?: string; wall: boolean } {
  const { as = "text", unsure, note, wall = false } = column;
  const plain = { type: as, wall, ...(note === undefined ? {} : { note }) };
  if (!unsure || values.length === 0) return plain;
  if (as === "time")
    return fits(values, "time")
      ? { ...plain, note: "interval, if it is how long something takes" }
      : { ...plain, type: "interval" };
  const { type, format, wall: isWall = false } = typeOfValues(values, column.name);
  if (as === "text") {
    // Digits in a column of texts are texts; only times that are written out are something else.
    return type === "timestamp" || type === "date"
      ? format === undefined
        ? { type, wall: isWall, note: `${column.type}; every value of the sample is one` }
        : plain
      : plain;
  }
  if ((as === "timestamp" || as === "date") && (type === "timestamp" || type === "date"))
    return { type, wall: isWall, ...(format === undefined ? {} : { format }) };
  if (fits(values, as)) return plain;
  return {
    type: fits(values, type) ? type : "text",
    wall: isWall,
    ...(format === undefined ? {} : { format }),
    note: `declared as ${column.type}, which not all values are`,
  };
}

interface Change {
  change: TableField;
  line: DraftKey;
}

/** What orders changes: a time of change, with the time of creation where that may be NULL. */
function changeOf(mapped: readonly TableField[]): Change | undefined {
  const times = mapped.filter(({ type, format }) => (type === "timestamp" || type === "date") && format === undefined);
  const change = changeField(times);
  const column = change && sqlName(change.shape.name);
  if (!change || column === undefined) return undefined;
  const addition = change.shape.notNull
    ? undefined
    : additionField(times.filter((each) => each !== change && each.type === change.type));
  const fallBack = addition && sqlName(addition.shape.name);
  return {
    change,
    line: {
      key: "delta",
      value: {
        columns: [column, ...(fallBack === undefined ? [] : [fallBack])],
        ...(change.type === "date" ? { type: "date" } : {}),
        overlap: change.type === "date" ? "1d" : "5m",
      },
      remarks: [
        `Guessed: ${change.shape.name} is set whenever a row changes${fallBack === undefined ? "" : `; where it is NULL, ${addition?.shape.name} counts`}. If it is not, take delta away.`,
      ],
    },
  };
}

/** Nothing says when a row changed. */
function noDelta(mapped: readonly TableField[]): DraftKey {
  const addition = additionField(mapped.filter(({ type }) => type === "timestamp"));
  return {
    key: "delta",
    remarks: [
      `No column says when a row changed, so every run reads the whole table.${addition ? ` (${addition.shape.name} would miss what changes later.)` : ""}`,
    ],
  };
}

/** Pages by key, behind the time of change where an index begins with that. */
function pages(
  { shape }: TableDraftInput,
  { mapped, key, change }: { mapped: readonly TableField[]; key: ChosenKey; change: TableField | undefined },
): DraftKey[] {
  const fields = key.columns.map((name) => mapped.find((field) => field.shape.name === name)!);
  const names = fields.map((field) => sqlName(field.shape.name));
  const obstacle = !key.unique
    ? "nothing tells every row from every other"
    : fields.some(({ shape: { sortsOtherwise }, type }) => sortsOtherwise || type === "double" || type === "json")
      ? `by ${key.columns.join(", ")} no pages can be made`
      : names.includes(undefined)
        ? "the key's name cannot be written here"
        : undefined;
  if (obstacle !== undefined)
    return [
      {
        key: "pagination",
        value: { type: "none" },
        remarks: [`One query for all: ${obstacle}. A run that is broken off begins anew.`],
      },
    ];
  const leading = change && shape.indexed.includes(change.shape.name) ? sqlName(change.shape.name) : undefined;
  const own = leading !== undefined && !names.includes(leading) ? [leading, ...names] : names;
  return [
    {
      key: "pagination",
      value: { type: "keyset", keys: own, size: 5000 },
      ...(change && leading === undefined
        ? {
            remarks: [
              `By key alone: no index begins with ${change.shape.name}. With one on (${[change.shape.name, ...key.columns].join(", ")}), keys: ${JSON.stringify([change.shape.name, ...key.columns])} makes runs that read only changes fast.`,
            ],
          }
        : {}),
    },
  ];
}

/** A column as keys and delta write it; undefined where they cannot. */
function sqlName(name: string): string | undefined {
  if (/^[A-Za-z_][\w$]*$/.test(name)) return name;
  if (!name.includes('"')) return `"${name}"`;
  return name.includes("`") ? undefined : `\`${name}\``;
}
