/** Queries whose values are the server's texts: the columns know what to make of them. */
import pg from "pg";

export interface TextRows {
  fields: pg.FieldDef[];
  rows: (string | null)[][];
}

/**
 * Keeps each row as the list that the protocol's parser made of it: `pg` would make another one, a call for each of its
 * values, and its promise keeps all rows until the garbage of long ago is collected. Through `submit` and the `handle…`
 * methods, which are the same for pg's own cursors and streams.
 */
class TextQuery extends pg.Query {
  readonly texts: TextRows["rows"] = [];

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    this.texts.push(fields);
  }
}

type Callback = (error: Error | null, result: { fields: pg.FieldDef[] }) => void;
const makeQuery = TextQuery as unknown as new (text: string, values: unknown[], callback: Callback) => TextQuery;

/** Sends one statement. Throws what `pg` throws. */
export function queryTexts(client: pg.Client, text: string, values: unknown[]): Promise<TextRows> {
  return new Promise((resolve, reject) => {
    const query = new makeQuery(text, values, (error, result) => {
      if (error) reject(error);
      else resolve({ fields: result.fields, rows: query.texts });
    });
    client.query(query);
  });
}
