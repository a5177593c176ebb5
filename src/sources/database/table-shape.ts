/** `etl new`: a table of a database as its catalog has it, with a sample of the values that say more than their type. */
import { SpecError } from "../../errors.ts";
import { didYouMean } from "../../suggest.ts";
import { dialects } from "./dialects/index.ts";
import type { Session, SessionOptions, TableShape } from "./dialects/contract.ts";
import { tableText } from "./sql/select.ts";

/** What the schema of specs takes as a table's name. */
const nameable = /^[^\s.;'"`]+$/;
const shownTables = 40;

export interface TableQuestion extends Omit<SessionOptions, "binary"> {
  /** Names that the table may have, the likeliest first. */
  names: readonly string[];
  /** The first name is the table's own: no other will do. */
  exact: boolean;
  /** How many rows are looked at, where values say more than types. */
  sample: number;
  /** Columns whose values are nobody's business: they are not read. */
  isSecret(column: string): boolean;
}

export interface FoundTable extends TableShape {
  table: string;
  /** `MariaDB 10.11.19` */
  version: string;
  /** Values of the sample by column, NULLs left out. */
  values: Map<string, unknown[]>;
  /** Rows that were looked at. */
  sampled: number;
}

/** Connects and looks. @throws SpecError where there is no such table, or the catalog cannot be read */
export async function findTable(question: TableQuestion): Promise<FoundTable> {
  const { connection } = question;
  const load = dialects[connection.dialect];
  if (!load) throw new SpecError(`there is no dialect "${connection.dialect}"`);
  const dialect = await load();
  const session = await dialect.open({ ...question, binary: "hex" });
  try {
    if (!session.shapeOf || !session.tables)
      throw new SpecError(
        `etl new does not read the catalog of ${dialect.label}: write the spec by hand, docs/database-source.md shows how`,
      );
    const { table, shape } = await locate(session, question);
    const version = await session.version();
    const unsure = shape.columns.filter(({ as, unsure: open, name }) => as && open && !question.isSecret(name));
    const values = new Map<string, unknown[]>(unsure.map(({ name }) => [name, []]));
    let sampled = 0;
    if (unsure.length > 0 && question.sample > 0) {
      const names = unsure.map(({ name }) => dialect.quote(name)).join(", ");
      const text = `SELECT ${names} FROM ${tableText(table, dialect)} LIMIT ${question.sample}`;
      for await (const { columns, rows } of session.rows({ text, values: [] })) {
        sampled += rows.length;
        for (const row of rows)
          for (const [at, value] of row.entries()) if (value !== null) values.get(columns[at]!.name)?.push(value);
      }
    }
    return { table, version, values, sampled, ...shape };
  } finally {
    await session.close();
  }
}

async function locate(
  session: Session,
  { names, exact, connection }: TableQuestion,
): Promise<{ table: string; shape: TableShape }> {
  const [wanted = ""] = names;
  const known = (await session.tables?.()) ?? [];
  const folded = new Map(known.map((name) => [name.toLowerCase(), name]));
  const candidates = exact ? [wanted] : names.flatMap((name) => folded.get(name.toLowerCase()) ?? []);
  for (const table of candidates) {
    const shape = await session.shapeOf?.(table.split("."));
    if (!shape) continue;
    if (!table.split(".").every((part) => nameable.test(part)))
      throw new SpecError(`table ${JSON.stringify(table)} has a name that only a query can say: write one by hand`);
    return { table, shape };
  }
  const list =
    known.length === 0
      ? " It has no tables that the user may see."
      : ` It has: ${known.slice(0, shownTables).join(", ")}${known.length > shownTables ? `, … (${known.length} in all)` : ""}.`;
  throw new SpecError(
    `connection ${connection.connection} has no table ${names.join(", or ")}.${didYouMean(wanted, known)}${list} Say which one: --table NAME.`,
  );
}
