import { SpecError } from "../../errors.ts";
import type { Request } from "../../spec/types.ts";
import { compileTemplate, compileTree, DROPPED, type Scope } from "../../template/index.ts";
import { addQuery, encodeQuery, type HttpRequest } from "../http/index.ts";
import type { Bound } from "../contract.ts";
import type { Placeable } from "./place.ts";

/** A request as it goes out, with its body as a value for `$request`. */
export interface BuiltRequest extends HttpRequest {
  content?: unknown;
}

export interface BuildOptions {
  /** Puts the page's position and size where the spec wants them. */
  place(request: Placeable): void;
  /** The whole URL of a page that a response named: path and query are in it. */
  url?: string;
}

/** Compiles a request of a spec. Throws SpecError for a template that cannot be read. */
export function compileRequest(
  request: Request,
  baseUrl: string,
): (scope: Scope, options: BuildOptions) => BuiltRequest {
  const { method, content_type } = request;
  const address = compileAddress(request, baseUrl);
  const query = compileTree(request.query ?? {});
  const headers = compileTree(request.headers ?? {});
  const body = request.body === undefined ? undefined : compileTree(request.body);
  const form = request.form === undefined ? undefined : compileTree(request.form);
  const text = request.text === undefined ? undefined : compileTemplate(request.text);
  const cost = compileCost(request.cost);
  const textMode = /\bxml\b|\+xml/i.test(content_type ?? "") ? "xml" : "text";
  const takesNow = /\{\{[^}]*\bnow\b/.test(JSON.stringify(request));
  return (scope, { place, url }) => {
    const parts: Placeable = {
      query: url === undefined ? (query(scope) as Record<string, unknown>) : {},
      headers: headers(scope) as Record<string, unknown>,
      ...(body ? { body: keep(body(scope), "body") } : {}),
      ...(form ? { form: form(scope) as Record<string, unknown> } : {}),
    };
    place(parts);
    const written = text
      ? {
          type: content_type ?? "text/plain",
          text: keep(text.render(scope, { mode: textMode }), "text") as string,
          value: undefined,
        }
      : writeBody(parts);
    return {
      method,
      url: addQuery(url ?? address(scope), flatten(parts.query, "query")),
      headers: { ...(written ? { "content-type": content_type ?? written.type } : {}), ...headerTexts(parts.headers) },
      ...(written ? { body: written.text, content: written.value ?? written.text } : {}),
      ...(takesNow ? { now: (scope.values["now"] as Bound).instant } : {}),
      ...cost(scope),
    };
  };
}

/** What the request takes from budgets that count cost; nothing where it is 1, which is what every request does. */
function compileCost(cost: Request["cost"] | undefined): (scope: Scope) => { cost?: number } {
  if (typeof cost !== "string") return () => (cost === undefined || cost === 1 ? {} : { cost });
  const template = compileTemplate(cost);
  return (scope) => {
    const value = keep(template.render(scope, { mode: "value" }), "cost");
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number === "number" && Number.isFinite(number) && number >= 0) return { cost: number };
    throw new SpecError(`request.cost (${cost}) is ${JSON.stringify(value)}, which is not a number from 0`);
  };
}

/** `url` as it is, or `path` below the base URL, one slash between them. */
function compileAddress({ url, path }: Request, baseUrl: string): (scope: Scope) => string {
  if (url === undefined && path === undefined) throw new SpecError("a request needs a path or a url");
  const template = compileTemplate(url ?? path ?? "");
  return (scope) => {
    const rendered = keep(template.render(scope, { mode: "path" }), url === undefined ? "path" : "url") as string;
    const whole =
      url === undefined
        ? `${baseUrl.replace(/\/+$/, "")}${/^[/?]/.test(rendered) || rendered === "" ? "" : "/"}${rendered}`
        : rendered;
    if (!URL.canParse(whole)) throw new SpecError(`"${whole}" is not a URL`);
    return whole;
  };
}

/** What cannot be left out stands on a param that was not given. */
function keep<T>(value: T, where: string): T {
  if (value !== DROPPED) return value;
  throw new SpecError(
    `the request's ${where} stands on a value that is not there: a param that was not given (--param name=value), or page.after on the first page`,
  );
}

function writeBody({ body, form }: Placeable): { type: string; text: string; value: unknown } | undefined {
  if (body !== undefined) return { type: "application/json", text: JSON.stringify(body), value: body };
  if (form !== undefined)
    return { type: "application/x-www-form-urlencoded", text: encodeQuery(flatten(form, "form")), value: form };
  return undefined;
}

/** Names and values of a query or form: a list repeats the name, an empty value (null) is left out. */
function flatten(items: Readonly<Record<string, unknown>>, where: string): [string, string][] {
  return Object.entries(items).flatMap(([name, value]): [string, string][] => {
    const values = Array.isArray(value) ? value : [value];
    return values
      .filter((item) => item !== null && item !== undefined)
      .map((item) => [name, scalarText(item, `${where}.${name}`)]);
  });
}

function headerTexts(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = Object.entries(headers).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, scalarText(value, `headers.${name}`)]));
}

function scalarText(value: unknown, where: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  throw new SpecError(
    `request.${where} must be a text or a number, not a ${Array.isArray(value) ? "list" : "map"}: write {{json …}} or {{join …}}`,
  );
}
