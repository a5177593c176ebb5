/** A column that a query names and no table has: which one was meant. */
import { SpecError } from "../../errors.ts";
import { type Session, UNKNOWN } from "./dialects/contract.ts";
import { didYouMean } from "../../suggest.ts";

/** How databases say it. */
const unknownColumn = [
  /Unknown column '([^']+)'/i,
  /column "?([\w$.]+)"? does not exist/i,
  /no such column: ([\w$.]*[\w$])/i,
  /Column '([^']+)' cannot be resolved/i,
];

interface Explained {
  /** Names of a table's columns, over a connection of its own. */
  columnsOf: Session["columnsOf"];
}

/** The error, with a suggestion from the columns of the tables that the statement reads. Never throws. */
export async function suggestColumn(error: unknown, statement: string, { columnsOf }: Explained): Promise<unknown> {
  if (!(error instanceof SpecError)) return error;
  const name = unknownColumn.map((pattern) => pattern.exec(error.message)?.[1]).find((found) => found !== undefined);
  if (name === undefined || /Perhaps you meant/.test(error.message)) return error;
  const columns: string[] = [];
  try {
    for (const table of tablesOf(statement)) {
      const found = await columnsOf(table);
      if (found && found !== UNKNOWN) columns.push(...found);
    }
  } catch {
    return error;
  }
  const near = didYouMean(name.split(".").at(-1)!, columns);
  return near === ""
    ? error
    : new SpecError(error.message.replace(" The statement:", `${near} The statement:`), { cause: error });
}

/** Names after FROM and JOIN, without their quotes. */
function tablesOf(statement: string): string[][] {
  return [...statement.matchAll(/\b(?:FROM|JOIN)\s+([\w$.`"[\]]+)/gi)].map(([, name]) =>
    name!.split(".").map((part) => part.replace(/[`"[\]]/g, "")),
  );
}
