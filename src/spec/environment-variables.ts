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
}

/**
 * Replaces the references in every text of `data` (a new copy) by their values. A missing variable is a problem at
 * its place and reads as empty. Values are data: where texts are templates (`auth`, `headers`), `{{` is escaped.
 */
export function interpolate(document: SpecDocument, data: unknown, variables: Variables, path: Path = []): unknown {
  if (Array.isArray(data)) return data.map((item, index) => interpolate(document, item, variables, [...path, index]));
  if (data && typeof data === "object") {
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, interpolate(document, value, variables, [...path, key])]));
  }
  if (typeof data !== "string" || !data.includes("${")) return data;
  const isTemplate = path.includes("headers");
  return data.replace(reference, (match, name: string, fallback: string | undefined, offset: number) => {
    const found = variables.values[name];
    // Like a shell's `:-`, an empty variable takes the default too.
    const value = found === undefined || found === "" ? fallback?.replace(/\\(.)/g, "$1") : found;
    if (value === undefined) {
      const hint = didYouMean(name, Object.keys(variables.values).filter((known) => known.startsWith(name.slice(0, 3))));
      document.add(path, "E405", `the environment variable ${name} is not set.${hint} Set it, or give a default: \${${name}:-…}`, { offset, length: match.length });
      return "";
    }
    if (found && (path.includes("auth") || secretName.test(name))) variables.secrets.add(value);
    return isTemplate ? value.replaceAll("{{", "\\{{") : value;
  });
}
