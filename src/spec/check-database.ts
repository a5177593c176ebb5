/** A database source: its SQL, what it orders by, and what goes with what. */
import { referencesOf, syntaxProblems } from "../jsonata/index.ts";
import { checkTemplate, compileSql, predicates, sqlRules, TemplateError, type CompiledSql } from "../template/index.ts";
import type { Path, SpecDocument } from "./document.ts";
import { pipelineExpressions } from "./expression-sites.ts";
import { unknownKeys } from "./schema.ts";
import { list, tree, type Tree } from "./tree.ts";
import type { AnyConnection } from "./types.ts";

const valueNames = ["since", "until", "params", "vars"];

/** Words that end a SELECT: the runtime adds them itself. */
const endings = ["ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", "INTO"];

/**
 * Checks a pipeline's database source, and that a source and its connection are of one kind.
 * @param connection the one that it names, undefined while that has mistakes
 */
export function checkDatabase(document: SpecDocument, spec: Tree, connection: AnyConnection | undefined): void {
  const source = tree(spec["source"]);
  if (connection) checkKind(document, source, connection);
  if (source["type"] !== "database") return;
  checkTable(document, source);
  checkDeltaColumns(document, source);
  const dialect = connection?.type === "database" ? connection.dialect : undefined;
  const rules = sqlRules[dialect ?? ""];
  const vars = connection && Object.keys(connection.vars ?? {});
  const compiled = new Map<string, CompiledSql>();
  for (const key of ["query", "where"]) {
    const text = source[key];
    if (typeof text !== "string" || !rules) continue;
    const sql = checkSql(document, ["source", key], text, () => compileSql(text, rules));
    if (sql) compiled.set(key, sql);
    checkNames(document, ["source", key], text, { params: Object.keys(tree(spec["params"])), vars });
  }
  checkQuery(document, source, compiled.get("query"));
  checkWhere(document, compiled.get("where"));
  checkKeyset(document, spec, source);
  checkParallel(document, source, compiled.get("query"));
  if (dialect === "athena" && tree(source["pagination"])["type"] === "keyset")
    add(
      document,
      ["source", "pagination"],
      "Athena reads the whole table for each page, and bills it: take pagination { type: none }, whose result is streamed",
    );
  if (source["table"] !== undefined) checkWholeRecord(document, spec, source);
}

function add(document: SpecDocument, path: Path, message: string): void {
  document.add(path, "E412", message, { target: "key" });
}

function checkKind(document: SpecDocument, source: Tree, { connection, type }: AnyConnection): void {
  const wanted = source["type"] === "database" ? "database" : "api";
  if (source["type"] === undefined || type === wanted) return;
  document.add(
    ["source", "connection"],
    "E412",
    `connection ${connection} is of type ${type}, and a source of type ${String(source["type"])} needs one of type ${wanted}`,
  );
}

function checkTable(document: SpecDocument, source: Tree): void {
  const { table, query, where } = source;
  if (table === undefined && query === undefined && unknownKeys("pipeline", "database_source", source).length === 0)
    add(document, ["source"], "a database source needs a table, or a query of its own");
  if (table !== undefined && query !== undefined)
    add(document, ["source", "query"], "a database source has a table or a query, not both: take one away");
  if (where !== undefined && query !== undefined)
    add(document, ["source", "where"], "where goes with table: a query says WHERE itself");
}

/** What orders changes must be a column that SQL can compare. */
function checkDeltaColumns(document: SpecDocument, source: Tree): void {
  const delta = tree(source["delta"]);
  if (source["delta"] !== delta) return;
  const { field, columns } = delta;
  if (unknownKeys("pipeline", "database_delta", delta).length > 0) return;
  if (field === undefined && columns === undefined)
    add(document, ["source", "delta"], "delta needs columns (what {{delta}} compares), or a field that is a column");
  if (
    columns === undefined &&
    typeof field === "string" &&
    delta["local"] !== true &&
    !/^(?:[A-Za-z_]\w*|`[^`]+`)$/.test(field)
  )
    add(
      document,
      ["source", "delta", "field"],
      `field ${JSON.stringify(field)} is no column's name: list the columns that {{delta}} compares in columns`,
    );
}

/** Undefined where it cannot be read. */
function checkSql(
  document: SpecDocument,
  path: Path,
  text: string,
  compile: () => CompiledSql,
): CompiledSql | undefined {
  try {
    const sql = compile();
    for (const { offset, message } of sql.problems)
      document.add(path, "E303", message, { offset, length: slotLength(text, offset) });
    const [first] = sql.words;
    if (path[1] === "query" && first && !["SELECT", "WITH", "VALUES", "TABLE"].includes(first.word))
      document.add(path, "E303", `a query begins with SELECT or WITH, not ${first.word}: a source only reads`, {
        offset: first.offset,
        length: first.word.length,
      });
    return sql;
  } catch (error) {
    // checkNames says it, at its place.
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}

function slotLength(text: string, offset: number): number {
  return /^(?:\{\{.*?\}\}+|.)/s.exec(text.slice(offset))?.[0].length ?? 1;
}

function checkNames(
  document: SpecDocument,
  path: Path,
  text: string,
  { params, vars }: { params: string[]; vars: string[] | undefined },
): void {
  const names = [...valueNames, ...(path[1] === "query" ? predicates : [])];
  for (const { kind, message, offset } of checkTemplate(text, {
    names,
    params,
    ...(vars ? { vars } : {}),
    where: "value",
  })) {
    // Raw braces are told with the SQL.
    if (kind === "syntax" && / is raw: /.test(message)) continue;
    document.add(path, kind === "syntax" ? "E301" : "E302", message, {
      offset,
      length: /^(?:\{\{.*?\}\}+|\{\{.*|[\w.$-]+|.)/.exec(text.slice(offset))?.[0].length ?? 1,
    });
  }
}

/** The runtime's conditions stand in a query that needs them, and in no other. */
function checkQuery(document: SpecDocument, source: Tree, sql: CompiledSql | undefined): void {
  if (!sql || source["table"] !== undefined) return;
  const path = ["source", "query"];
  const has = (name: string): boolean => sql.parts.some((part) => part.kind === "predicate" && part.name === name);
  const isKeyset = tree(source["pagination"])["type"] === "keyset";
  const delta = tree(source["delta"]);
  const at = (name: string): { offset: number; length: number } => {
    const offset = String(source["query"]).search(new RegExp(`\\{\\{~?\\s*${name}\\b`));
    return { offset: Math.max(0, offset), length: name.length + 4 };
  };
  if (isKeyset && !has("keyset"))
    document.add(path, "E412", "pagination of type keyset needs {{keyset}} in the query: … WHERE {{keyset}}", {
      length: 1,
    });
  if (!isKeyset && has("keyset") && source["parallel"] === undefined)
    document.add(path, "E412", "{{keyset}} stands for nothing: the pagination is none of type keyset", at("keyset"));
  const bounded = has("delta") || sql.roots.has("since");
  if (source["delta"] !== undefined && delta["local"] !== true && !bounded)
    document.add(
      path,
      "E412",
      "the query never says what changed, and every run would read it all: write {{delta}} in its WHERE",
      { length: 1 },
    );
  if (source["delta"] === undefined && has("delta"))
    document.add(path, "E412", "{{delta}} stands for nothing: the source has no delta", at("delta"));
  const ending = isKeyset ? sql.words.find(({ word }) => endings.includes(word)) : undefined;
  if (ending)
    document.add(
      path,
      "E412",
      `the runtime adds ORDER BY and LIMIT itself: take ${ending.word} away, or put the query in parentheses as SELECT … FROM (…) AS q`,
      { offset: ending.offset, length: ending.word.length },
    );
}

function checkWhere(document: SpecDocument, sql: CompiledSql | undefined): void {
  const word = sql?.words.find((candidate) => [...endings, "WHERE", "GROUP", "UNION"].includes(candidate.word));
  if (word)
    document.add(
      ["source", "where"],
      "E412",
      `where is a condition alone, and ${word.word} is none: write a query instead`,
      { offset: word.offset, length: word.word.length },
    );
}

/** A page border between two rows with the same keys would lose one. */
function checkKeyset(document: SpecDocument, spec: Tree, source: Tree): void {
  const pagination = tree(source["pagination"]);
  const { type, keys, unique, size, max_size: maximum } = pagination;
  if (type !== "keyset") return;
  if (typeof size === "number" && typeof maximum === "number" && size > maximum)
    document.add(["source", "pagination", "size"], "E412", `size ${size} is beyond max_size ${maximum}`);
  const held = list(keys).map((key) => lastName(String(key)).toLowerCase());
  if (unique === true || held.length === 0) return;
  const mapping = tree(spec["mapping"]);
  const identity = list(tree(spec["upsert"])["keys"]).map((key) => {
    const field = mapping[String(key)];
    const from = typeof field === "string" ? field : tree(field)["from"];
    return typeof from === "string" && /^[A-Za-z_]\w*$/.test(from) ? from : undefined;
  });
  const missing = identity.find((name) => name !== undefined && !held.includes(name.toLowerCase()));
  if (missing !== undefined)
    document.add(
      ["source", "pagination", "keys"],
      "E440",
      `the keys do not tell every row from every other, and a page that ends between two that are alike would lose one: end them in ${missing}, or say unique: true`,
      { target: "key" },
    );
}

function lastName(column: string): string {
  return column.replace(/^.*\./, "").replace(/["`]/g, "");
}

function checkParallel(document: SpecDocument, source: Tree, sql: CompiledSql | undefined): void {
  const parallel = source["parallel"];
  if (parallel === undefined) return;
  if (tree(source["pagination"])["type"] !== "keyset" && tree(parallel)["by"] === undefined)
    add(
      document,
      ["source", "parallel"],
      "parallel needs a key to make ranges of: pagination of type keyset, or parallel: { readers: 4, by: id }",
    );
  else if (sql && !sql.parts.some((part) => part.kind === "predicate" && part.name === "keyset"))
    add(
      document,
      ["source", "parallel"],
      "parallel needs {{keyset}} in the query: the conditions of its ranges stand there",
    );
}

/** Of a table the columns that are read are asked for, and no others. */
function checkWholeRecord(document: SpecDocument, spec: Tree, source: Tree): void {
  if (Array.isArray(source["select"])) return;
  for (const { path, expression, over } of pipelineExpressions(spec)) {
    if (over !== "record" || syntaxProblems(expression).some(({ kind }) => kind === "syntax")) continue;
    const { wildcards, variables } = referencesOf(expression);
    if (!wildcards.some((names) => names.length === 0) && !variables.some(({ name }) => name === "rest")) continue;
    document.add(
      path,
      "E407",
      "this reads the row as a whole, and of a table only named columns are read: list the columns in source.select",
    );
  }
}
