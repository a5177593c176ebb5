/** Columns of a mapping: types, formats, zones and defaults that cannot be. */
import { compileCoercion, isColumnType } from "../values/coerce.ts";
import { checkFormats, checkZone, refusal } from "./check-times.ts";
import type { Path, SpecDocument } from "./document.ts";
import { described } from "./schema-words.ts";
import { targetTrees } from "./targets.ts";
import { tree, type Tree } from "./tree.ts";

/** Types whose values are read in a zone. */
const zoned = /^(timestamp|date|time)$/;

/** Checks what the schema cannot say about each field and param. What the schema refuses is left to it. */
export function checkFields(document: SpecDocument, spec: Tree): void {
  for (const [name, value] of Object.entries(tree(spec["params"])))
    checkParam(document, ["params", name, "default"], tree(value));
  for (const { at, target } of targetTrees(spec)) {
    for (const [column, value] of Object.entries(tree(target["mapping"]))) {
      const field = tree(value);
      const type = field["type"] ?? "text";
      if (typeof type === "string") checkField(document, [...at, "mapping", column], field, type);
    }
  }
}

/** A default reaches templates as it is written, where the command line's text is read by its type. */
function checkParam(document: SpecDocument, path: Path, { type, default: value }: Tree): void {
  if (value === undefined || typeof value === "object") return;
  const fits =
    type === "integer"
      ? Number.isSafeInteger(value)
      : type === "boolean"
        ? typeof value === "boolean"
        : type !== "date" ||
          (typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)));
  if (fits) return;
  const wanted = type === "integer" ? "a whole number" : type === "boolean" ? "true or false" : "a date, YYYY-MM-DD";
  document.add(path, "E418", `default ${described(value)} does not fit type ${String(type)}: it must be ${wanted}`);
}

function checkField(document: SpecDocument, path: Path, field: Tree, type: string): void {
  const known = isColumnType(type);
  if (!known && /^decimal\(\d+(, ?\d+)?\)$/.test(type)) {
    document.add(
      [...path, "type"],
      "E105",
      `type ${type} cannot be: decimal(p,s) has p digits in all, 1 to 1000, and s of them after the point`,
    );
  }
  const zone = field["time_zone"];
  const zoneIsSound = checkZone(document, [...path, "time_zone"], zone);
  if (!known) return;
  if (typeof zone === "string" && zoneIsSound && !zoned.test(type)) {
    document.add([...path, "time_zone"], "E417", `type ${type} takes no time_zone: timestamp, date and time do`, {
      target: "key",
    });
  }
  if (!checkFormats(document, [...path, "format"], field["format"], (format) => compileCoercion(type, { format })))
    return;
  if (field["default"] !== undefined && zoneIsSound) checkDefault(document, [...path, "default"], { field, type });
}

/** A default is a value like any other, but that it is read without `format`. */
function checkDefault(document: SpecDocument, path: Path, { field, type }: { field: Tree; type: string }): void {
  const value = field["default"];
  if (typeof value === "object") return;
  let warning: string | undefined;
  const timeZone = typeof field["time_zone"] === "string" && zoned.test(type) ? field["time_zone"] : undefined;
  const coerce = compileCoercion(type, { timeZone, keepEmpty: field["keep_empty"] === true });
  const said = refusal(() => coerce(value, (_rule, message) => (warning = message))) ?? warning;
  if (said === undefined) return;
  document.add(path, "E418", `default ${described(value)} does not fit type ${type}: ${said}`, { mistake: "default" });
}
