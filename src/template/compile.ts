import { messageOf } from "../errors.ts";
import { evaluate } from "./evaluate.ts";
import { type Part, type Slot, TemplateError } from "./expression.ts";
import { textOf } from "./helpers.ts";
import { parseTemplate } from "./parse.ts";
import { DROPPED, isBound, type Scope } from "./scope.ts";

/** `value`: a lone `{{…}}` keeps its type. The others give text: URL-encoded, XML-escaped, or as it is. */
export type RenderMode = "value" | "path" | "xml" | "text";

export interface CompiledTemplate {
  readonly text: string;
  /** True when there is nothing to fill in. */
  readonly constant: boolean;
  /**
   * Fills in the values. DROPPED when it needs a param that was not given.
   * @throws TemplateError, naming the expression: a value is not there, a list where text is wanted, a path that
   *   would lose a segment.
   */
  render(scope: Scope, options: { mode: "value" }): unknown;
  render(scope: Scope, options: { mode: Exclude<RenderMode, "value"> }): string | typeof DROPPED;
}

/** Compiles a template. Throws TemplateError (a SpecError) with the offset of what is wrong in its text. */
export function compileTemplate(text: string): CompiledTemplate {
  const parts = parseTemplate(text);
  const slots = parts.filter((part) => part.kind === "slot");
  const constant = slots.length === 0;
  const only = parts.length === 1 ? slots[0] : undefined;
  const fixed = parts.map((part) => (part.kind === "text" ? part.text : "")).join("");
  function render(scope: Scope, { mode }: { mode: RenderMode }): string | typeof DROPPED {
    if (constant) return fixed;
    if (mode !== "value") return renderText(parts, scope, mode);
    // A lone slot gives whatever it holds; the one signature cannot say so.
    return (only === undefined ? renderText(parts, scope, "text") : renderValue(only, scope)) as string;
  }
  return { text, constant, render };
}

function renderValue(slot: Slot, scope: Scope): unknown {
  if (slot.raw) throw rawOutsidePath(slot);
  const value = evaluate(slot.expression, scope);
  return isBound(value) ? value.text : Buffer.isBuffer(value) ? value.toString("utf8") : value;
}

function rawOutsidePath(slot: Slot): TemplateError {
  return new TemplateError(`${slot.text} is raw: three braces are allowed in a path only, write {{…}}`, slot.offset);
}

function renderText(parts: readonly Part[], scope: Scope, mode: "path" | "xml" | "text"): string | typeof DROPPED {
  let text = "";
  for (const part of parts) {
    if (part.kind === "text") {
      text += part.text;
      continue;
    }
    if (part.raw && mode !== "path") throw rawOutsidePath(part);
    const value = evaluate(part.expression, scope);
    if (value === DROPPED) return DROPPED;
    text += encode(part, value, mode);
  }
  if (mode === "path") refuseLostSegments(parts, text);
  return text;
}

function encode(slot: Slot, value: unknown, mode: "path" | "xml" | "text"): string {
  let text: string;
  try {
    text = textOf(value);
  } catch (error) {
    throw new TemplateError(`${slot.text} ${messageOf(error)}`, slot.offset, { cause: error });
  }
  if (mode === "text" || slot.raw) return text;
  if (mode === "xml") return escapeXml(text);
  if (text === "") throw new TemplateError(`${slot.text} is empty, and a path without it is another path`, slot.offset);
  return encodeURIComponent(text.toWellFormed());
}

/** `.` and `..` are not encoded, and a URL takes them, written `%2e` too, as a way up: https://url.spec.whatwg.org */
function refuseLostSegments(parts: readonly Part[], path: string): void {
  const lost = path
    .split(/[?#]/)[0]!
    .split("/")
    .find((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
  if (lost === undefined) return;
  const slot = parts.find((part) => part.kind === "slot");
  throw new TemplateError(`the path ${path} holds "${lost}", which would lead elsewhere`, slot?.offset ?? 0);
}

const xmlEntities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => xmlEntities[character]!);
}
