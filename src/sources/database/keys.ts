/** The keys of a table, without its rows: checksums of ranges, the keys themselves, and which of some are there. */
import { checksumSql } from "../../values/key-checksum.ts";
import type { KeyChecksum, KeyRange, SourceKeys } from "../contract.ts";
import type { ResultColumn, RowBatch, Session } from "./dialects/contract.ts";
import { recordsOf } from "./records.ts";
import type { Sessions } from "./sessions.ts";
import type { DatabaseSourceInput } from "./source.ts";
import type { Key } from "./sql/keyset.ts";
import { compileSelect } from "./sql/select.ts";
import { ALWAYS, allOf, anyOf, type BoundValue, NEVER, type Sql, type Statement } from "./sql/sql.ts";

export interface KeysInput extends DatabaseSourceInput {
  /** The table's columns that make the key. */
  columns: readonly string[];
  sessions: Sessions;
  counting(session: Session): Session;
}

/** Undefined for a query, whose keys only its rows tell, and where each question is a scan that is paid for. */
export async function openKeys(input: KeysInput): Promise<SourceKeys | undefined> {
  const { spec, dialect, context, columns: wanted, sessions, counting } = input;
  const { whole } = dialect;
  if (spec.table === undefined || whole === undefined) return undefined;
  const scope = { values: { params: context.params, vars: context.connection?.vars ?? {} }, mapped: context.mapped };
  const select = compileSelect({ spec, dialect, wanted, scope });
  const statement = (condition: Sql): Statement => select.statement({ delta: ALWAYS, keyset: condition });
  const columns = await sessions.withRetries((session) => session.describe(statement(NEVER)));
  if (!columns || columns.length !== wanted.length) return undefined;
  const keys = wanted.map((name, index): Key => ({ text: select.column(name), column: columns[index]! }));
  // A row without a key is no row here.
  const filled = keys.filter(({ column }) => !column.notNull).map(({ text }): Sql => [`${text} IS NOT NULL`]);
  const within = (range: KeyRange): Sql => allOf([...rangeConditions(range, keys, input), ...filled]);
  const rows = (session: Session, asked: Statement): AsyncIterable<RowBatch> => counting(session).rows(asked);
  const { before, after } = checksumSql(
    keys.map(({ text }) => text),
    whole,
  );

  return {
    hasRanges: columns.every(({ kind }) => kind === "integer"),
    checksum: (range) =>
      sessions.lend(async (session): Promise<KeyChecksum> => {
        const { text, values } = statement(within(range));
        let found: readonly unknown[] = [];
        for await (const batch of rows(session, { text: `${before}${text}${after}`, values }))
          found = batch.rows[0] ?? found;
        const [count, ...sums] = found;
        return { count: Number(count ?? 0), sums: sums.map(String).join(" ") };
      }),
    read: (range, take) =>
      sessions.lend(async (session) => {
        for await (const batch of rows(session, statement(range ? within(range) : allOf(filled))))
          await take(batch.rows.map(recordsOf(batch.columns)));
      }),
    find: (asked) =>
      // Not in a view that began before: what has come back since is there.
      sessions.withRetries(async (session) => {
        const found: unknown[] = [];
        const conditions = asked.flatMap((values) => sameKey(values, keys, input));
        if (conditions.length === 0) return found;
        for await (const batch of rows(session, statement(anyOf(conditions))))
          found.push(...batch.rows.map(recordsOf(batch.columns)));
        return found;
      }),
  };
}

type Bounds = Pick<DatabaseSourceInput, "dialect">;

function rangeConditions({ from, before, to }: KeyRange, keys: readonly Key[], { dialect }: Bounds): Sql[] {
  const side = (values: readonly (number | bigint)[] | undefined, than: "<" | ">", open: boolean): Sql[] =>
    values ? [beyond(keys, values.map(String), { than, open, dialect })] : [];
  return [...side(from, ">", false), ...side(before, "<", true), ...side(to, "<", false)];
}

/** `a > x OR (a = x AND b >= y)`, behind an `a >= x` at which an index can begin. */
function beyond(
  [key, ...rest]: readonly Key[],
  [value, ...values]: readonly string[],
  place: { than: "<" | ">"; open: boolean } & Bounds,
): Sql {
  if (!key || value === undefined) return place.open ? NEVER : ALWAYS;
  const bound = boundKey(value, key.column, place);
  if (rest.length === 0) return [`${key.text} ${place.than}${place.open ? "" : "="} `, bound];
  return allOf([
    [`${key.text} ${place.than}= `, bound],
    anyOf([[`${key.text} ${place.than} `, bound], beyond(rest, values, place)]),
  ]);
}

/** None where a column of whole numbers cannot hold it. */
function sameKey(values: readonly string[], keys: readonly Key[], { dialect }: Bounds): Sql[] {
  if (values.some((value, index) => !canHold(keys[index]!.column, value))) return [];
  return [
    allOf(keys.map(({ text, column }, index): Sql => [`${text} = `, boundKey(values[index]!, column, { dialect })])),
  ];
}

function canHold({ kind, type }: ResultColumn, value: string): boolean {
  if (kind !== "integer") return true;
  if (!/^-?\d{1,20}$/.test(value)) return false;
  const most = type.endsWith("unsigned") ? 2n ** 64n : 2n ** 63n;
  return BigInt(value) < most && BigInt(value) >= -(2n ** 63n);
}

/** A number that is too large for the column is one that is not there, and no error. */
function boundKey(value: string, column: ResultColumn, { dialect }: Bounds): BoundValue {
  const bound = dialect.key(value, column);
  return column.kind === "integer" && bound.cast === undefined && dialect.whole
    ? { ...bound, cast: dialect.whole }
    : bound;
}
