/** The helpers that a template may call; there are no others. */
import { createHmac, randomUUID } from "node:crypto";
import { canonicalJson } from "../values/json-text.ts";
import { compileTimestampParser, formatInstant, instantFromDate, instantToEpochMs, isoOf } from "../values/instant.ts";
import { isBound, type Scope } from "./scope.ts";

export interface Helper {
  /** How it is written, for messages. */
  usage: string;
  /** How many arguments it takes. */
  min: number;
  max: number;
  /** Arguments by name (`zone="…"`), and which of them must be there. */
  named?: readonly string[];
  required?: readonly string[];
  /** Throws Error with a sentence that reads on after the expression: `"soon" is not a timestamp`. */
  run(args: readonly unknown[], named: Readonly<Record<string, unknown>>, scope: Scope): unknown;
}

const parseTimestamp = compileTimestampParser();

/** The canonical instant of a bound, a Date or an ISO text. */
function instantOf(value: unknown): string {
  if (isBound(value)) {
    if (value.instant !== undefined) return value.instant;
    throw new Error(`"${value.text}" is not an instant: the delta is neither a timestamp nor a date`);
  }
  if (value instanceof Date) return instantFromDate(value);
  const instant = typeof value === "string" ? parseTimestamp(value)?.instant : undefined;
  if (instant === undefined) throw new Error(`${show(value)} is not an instant`);
  return instant;
}

function show(value: unknown): string {
  return value instanceof Uint8Array ? "a value of bytes" : (JSON.stringify(value) ?? String(value));
}

/** A value as text. Lists and maps have none: `join` and `json` say how they are to be written. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (isBound(value)) return value.text;
  if (Buffer.isBuffer(value)) return value.toString("utf8");
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (value === null || value === undefined) throw new Error("has no value");
  if (Array.isArray(value)) throw new Error("is a list: write {{join … ','}} or {{json …}}");
  throw new Error("is a map: write {{json …}}");
}

function bytesOf(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(textOf(value), "utf8");
}

const digests = ["md5", "sha1", "sha256", "sha384", "sha512"];
const encodings = ["hex", "base64", "base64url"] as const;

function hmac(
  [algorithm]: readonly unknown[],
  { key, message, as = "hex" }: Readonly<Record<string, unknown>>,
): string {
  const name = textOf(algorithm);
  if (!digests.includes(name)) throw new Error(`"${name}" is not one of ${digests.join(", ")}`);
  const encoding = encodings.find((known) => known === as);
  if (encoding === undefined) throw new Error(`as=${show(as)} is not one of ${encodings.join(", ")}`);
  return createHmac(name, bytesOf(key)).update(bytesOf(message)).digest(encoding);
}

function mapped([path = ""]: readonly unknown[], _named: unknown, scope: Scope): string[] {
  if (!scope.mapped) throw new Error("has no mapping to look at here");
  return scope.mapped(textOf(path));
}

function join([list, separator = ","]: readonly unknown[]): string {
  if (!Array.isArray(list)) throw new Error(`${show(list)} is not a list`);
  return list.map(textOf).join(textOf(separator));
}

function format([value, pattern]: readonly unknown[], { zone }: Readonly<Record<string, unknown>>): string {
  return formatInstant(instantOf(value), textOf(pattern), zone === undefined ? undefined : textOf(zone));
}

export const helpers: Readonly<Record<string, Helper>> = {
  iso: { usage: "iso since", min: 1, max: 1, run: ([value]) => isoOf(instantOf(value)) },
  epoch: {
    usage: "epoch since",
    min: 1,
    max: 1,
    run: ([value]) => Math.floor(instantToEpochMs(instantOf(value)) / 1000),
  },
  epochMs: { usage: "epochMs since", min: 1, max: 1, run: ([value]) => instantToEpochMs(instantOf(value)) },
  format: {
    usage: 'format since "yyyy-MM-dd" zone="America/Los_Angeles"',
    min: 2,
    max: 2,
    named: ["zone"],
    run: format,
  },
  join: { usage: "join (mapped) ','", min: 1, max: 2, run: join },
  json: { usage: "json value", min: 1, max: 1, run: ([value]) => canonicalJson(isBound(value) ? value.text : value) },
  concat: { usage: "concat a b", min: 1, max: Number.POSITIVE_INFINITY, run: (args) => args.map(textOf).join("") },
  mapped: { usage: "mapped 'properties'", min: 0, max: 1, run: mapped },
  hmac: {
    usage: "hmac 'sha256' key=… message=… as='base64'",
    min: 1,
    max: 1,
    named: ["key", "message", "as"],
    required: ["key", "message"],
    run: hmac,
  },
  base64: { usage: "base64 value", min: 1, max: 1, run: ([value]) => bytesOf(value).toString("base64") },
  base64d: { usage: "base64d value", min: 1, max: 1, run: ([value]) => Buffer.from(textOf(value), "base64") },
  uuid: { usage: "uuid", min: 0, max: 0, run: () => randomUUID() },
};

export const helperNames: ReadonlySet<string> = new Set(Object.keys(helpers));

/** What is wrong with a call before it runs: the number of arguments, an unknown or missing name. */
export function misuse(name: string, count: number, named: Iterable<string>): string | undefined {
  const helper = helpers[name] as Helper;
  const given = new Set(named);
  const wrongName = [...given].find((key) => !helper.named?.includes(key));
  if (wrongName !== undefined) {
    return `${name} takes no "${wrongName}="${helper.named ? `, but ${helper.named.join(", ")}` : ""}: {{${helper.usage}}}`;
  }
  const missing = helper.required?.find((key) => !given.has(key));
  if (missing !== undefined) return `${name} needs ${missing}=…: {{${helper.usage}}}`;
  if (count >= helper.min && count <= helper.max) return undefined;
  if (helper.min < helper.max && count > helper.max)
    return `${name} takes at most ${helper.max} arguments, not ${count}: {{${helper.usage}}}`;
  const wanted =
    helper.max === 0
      ? "no argument"
      : `${helper.min === helper.max ? "" : "at least "}${helper.min} argument${helper.min > 1 ? "s" : ""}`;
  return `${name} takes ${wanted}, not ${count}: {{${helper.usage}}}`;
}
