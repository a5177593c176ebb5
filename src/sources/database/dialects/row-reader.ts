/** Rows of a driver as records have them. */
import type { ResultColumn } from "./contract.ts";

const readers = new WeakMap<readonly ResultColumn[], (row: unknown[]) => void>();

/**
 * A function that reads the values of a row in their places; NULL stays null. It is compiled for the columns: those
 * that stay as they came cost nothing, and each of the others has a call of its own. Only numbers get into the code.
 * One and the same for one list of columns.
 */
export function rowReader(columns: readonly ResultColumn[]): (row: unknown[]) => void {
  let reader = readers.get(columns);
  if (!reader) {
    const read = columns.flatMap((column, at) => (column.read ? [at] : []));
    const names = read.map((at) => `const read${at} = columns[${at}].read;`);
    const steps = read.map((at) => `if (row[${at}] !== null) row[${at}] = read${at}(row[${at}]);`);
    const make = new Function("columns", `${names.join("\n")}\nreturn (row) => {\n${steps.join("\n")}\n};`);
    reader = make(columns) as (row: unknown[]) => void;
    readers.set(columns, reader);
  }
  return reader;
}

/** Keeps the columns of the last result, so that results of one shape share a list and what is compiled for it. */
export class SameColumns<Field> {
  readonly #shape: (field: Field) => string;
  readonly #make: (field: Field) => ResultColumn;
  #last: { shape: string; columns: ResultColumn[] } | undefined;

  /** @param shape what tells one field from another */
  constructor(shape: (field: Field) => string, make: (field: Field) => ResultColumn) {
    this.#shape = shape;
    this.#make = make;
  }

  of(fields: readonly Field[]): ResultColumn[] {
    const shape = fields.map(this.#shape).join("\n");
    if (this.#last?.shape !== shape) this.#last = { shape, columns: fields.map(this.#make) };
    return this.#last.columns;
  }
}
