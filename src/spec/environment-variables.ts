/** `${VAR}` and `${VAR:-default}` in connection files and etl.yml. */
import { didYouMean } from "../suggest.ts";
import type { Path, SpecDocument } from "./document.ts";

const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:[^}\\]|\\.)*))?\}/g;
const secretName = /TOKEN|SECRET|PASSWORD|PASSWD|PASS$|_KEY$|APIKEY|CREDENTIAL|PRIVATE|WAREHOUSE|DSN/i;

/** Secrets that were read: what no log, error or history row may show. */
export type Secrets = Set<string>;

export interface Variables {
  values: Record<string, string | undefined>;
  secrets: Secrets;
  /** Nothing will be connected to: one that is missing is no problem. */
  mayBeMissing?: boolean;
}

/**
 * Replaces the references in every text of `data` (a new copy) by their values. A missing variable is a problem at
 * its place and reads as empty. Values are data: where texts are templates (headers) they are escaped, so that
 * none of them can hold a template, and a reference inside `{{…}}` is a problem.
 */
export function interpolate(document: SpecDocument, data: unknown, variables: Variables, path: Path = []): unknown {
  if (Array.isArray(data)) return data.map((item, index) => interpolate(document, item, variables, [...path, index]));
  if (data && typeof data === "object") {
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, interpolate(document, value, variables, [...path, key])]),
    );
  }
  if (typeof data !== "string" || !data.includes("${")) return data;
  const before = document.problems.length;
  const filled = isTemplate(path)
    ? fillTemplate(document, data, variables, path)
    : data.replace(reference, (...match) => valueOf(document, match, variables, path));
  if (document.problems.length > before) document.mute(path);
  return filled;
}

/** Keys of a database's connection that hold secrets, whatever their variables are called. */
const secretKeys: ReadonlySet<unknown> = new Set(["password", "secret_access_key", "session_token"]);

/** Whatever stands in auth, but for the address of the token server: messages have to name it. */
function isSecretPlace(path: Path): boolean {
  return (path.includes("auth") && path.at(-1) !== "token_url") || secretKeys.has(path.at(-1));
}

/** Headers are templates; those of an assertion are data. */
function isTemplate(path: Path): boolean {
  return path.includes("headers") && !path.includes("assertion");
}

/** A template's text with the values put in as text that holds no template. */
function fillTemplate(document: SpecDocument, text: string, variables: Variables, path: Path): string {
  for (const slot of text.matchAll(/\{\{.*?\}\}/gs)) {
    const inside = slot[0].search(/\$\{[A-Za-z_]/);
    if (inside < 0) continue;
    document.add(
      path,
      "E301",
      "an environment variable cannot stand inside {{…}}: put it into vars and write {{… vars.name …}}",
      { offset: slot.index + inside, length: 2 },
    );
    return "";
  }
  let filled = "";
  let last = 0;
  for (const match of text.matchAll(reference)) {
    filled = withText(filled, text.slice(last, match.index));
    filled = withValue(filled, valueOf(document, [...match, match.index], variables, path));
    last = match.index + match[0].length;
  }
  return withText(filled, text.slice(last));
}

/** A call that gives a text back: no part of it can be a template. */
function callFor(value: string): string {
  return `{{base64d "${Buffer.from(value, "utf8").toString("base64")}"}}`;
}

/** Adds a part of the template itself. A brace right after a call would belong to it. */
function withText(template: string, text: string): string {
  const braces = template.endsWith("}}") ? /^\}*/.exec(text)![0] : "";
  return template + (braces && callFor(braces)) + text.slice(braces.length);
}

/**
 * Adds a value. Braces start and end a template and backslashes escape one, so a value with any of them goes in as
 * a call. A brace before that call would belong to it, and so does a backslash unless there are two (Handlebars
 * then takes one away).
 */
function withValue(template: string, value: string): string {
  if (!/[{}\\]/.test(value)) return template + value;
  const brace = template.endsWith("{") ? "{" : "";
  const before = brace ? template.slice(0, -1) : template;
  return `${before}${before.endsWith("\\") ? "\\" : ""}${callFor(brace + value)}`;
}

function valueOf(document: SpecDocument, match: readonly unknown[], variables: Variables, path: Path): string {
  const [whole, name, fallback, offset] = match as [string, string, string | undefined, number];
  const found = variables.values[name];
  // Like a shell's `:-`, an empty variable takes the default too.
  const value = found === undefined || found === "" ? fallback?.replace(/\\(.)/g, "$1") : found;
  if (value === undefined && variables.mayBeMissing) {
    // What it would have been is not known, so nothing is said about it.
    document.mute(path);
    return "";
  }
  if (value === undefined) {
    const near = didYouMean(
      name,
      Object.keys(variables.values).filter((known) => variables.values[known] && known.startsWith(name.slice(0, 3))),
    );
    document.add(
      path,
      "E405",
      `the environment variable ${name} is ${found === "" ? "empty" : "not set"}.${near || ` Set it, or give a default: \${${name}:-…}`}`,
      { offset, length: whole.length },
    );
    return "";
  }
  if (found && (isSecretPlace(path) || secretName.test(name))) variables.secrets.add(value);
  if (found && path.at(-1) === "url") for (const password of passwordsOf(value)) variables.secrets.add(password);
  return value;
}

/** The password of an address such as mysql://user:password@host/name, as it is written there and as it is. */
function passwordsOf(address: string): string[] {
  if (!URL.canParse(address)) return [];
  const { password } = new URL(address);
  try {
    return password === "" ? [] : [password, decodeURIComponent(password)];
  } catch {
    // A percent sign that escapes nothing.
    return [password];
  }
}

/** Params whose variable is named like a secret: their values are masked as those of connections are. */
export function noteSecretParams(params: Record<string, { env?: string }>, variables: Variables): void {
  for (const { env } of Object.values(params)) {
    const value = env !== undefined && secretName.test(env) ? variables.values[env] : undefined;
    if (value) variables.secrets.add(value);
  }
}
