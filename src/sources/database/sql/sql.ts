/** SQL as pieces: text, and values that are bound beside it. No value ever becomes text. */

/** A value to bind. `cast` says how its placeholder is written where the database must be told its type. */
export interface BoundValue {
  bind: unknown;
  cast?: (placeholder: string) => string;
}

export type Sql = readonly (string | BoundValue)[];

export interface Statement {
  text: string;
  values: unknown[];
}

/** The statement as it is sent. `placeholder` gives the one of a value by its number, from 1. */
export function renderSql(sql: Sql, placeholder: (number: number) => string): Statement {
  const values: unknown[] = [];
  let text = "";
  for (const piece of sql) {
    if (typeof piece === "string") {
      text += piece;
      continue;
    }
    values.push(piece.bind);
    const written = placeholder(values.length);
    text += piece.cast ? piece.cast(written) : written;
  }
  return { text, values };
}

/** Pieces with a text between each two. */
export function joinSql(list: readonly Sql[], between: string): Sql {
  return list.flatMap((sql, index) => (index === 0 ? [...sql] : [between, ...sql]));
}

/** A condition that is always true, in every dialect. */
export const ALWAYS: Sql = ["1 = 1"];
/** One that never is. */
export const NEVER: Sql = ["1 = 0"];

/** Conditions that must all be true; none is always true. */
export function allOf(conditions: readonly Sql[]): Sql {
  const [first = ALWAYS, ...more] = conditions.filter((condition) => condition !== ALWAYS);
  return more.length === 0 ? first : ["(", ...joinSql([first, ...more], " AND "), ")"];
}

/** Conditions of which one must be true; none is never true. */
export function anyOf(conditions: readonly Sql[]): Sql {
  const [first = NEVER, ...more] = conditions.filter((condition) => condition !== NEVER);
  return more.length === 0 ? first : ["(", ...joinSql([first, ...more], " OR "), ")"];
}
