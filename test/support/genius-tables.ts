/** What the warehouse must hold of a Genius, computed from the sandbox's own rows without any of our code. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DateTime } from "luxon";
import { expect } from "vitest";
import type { GeniusSandbox } from "../../sandbox/genius/index.ts";
import type { TestWarehouse } from "./warehouses.ts";

type Texts = Record<string, string | null>;

export interface Target {
  table: string;
  source: string;
  keys: string[];
  pipeline: string;
  columns: [name: string, type: string][];
}

const fixture = fileURLToPath(new URL("../fixtures/genius/targets.txt", import.meta.url));

/** Every table of the warehouse, from the fixture. */
export const targets: readonly Target[] = readFileSync(fixture, "utf8")
  .replace(/^#.*\n/gm, "")
  .trim()
  .split("\n\n")
  .map((block) => {
    const [head, ...lines] = block.split("\n") as [string, ...string[]];
    const [table, source, keys, pipeline] = head.split(" ") as [string, string, string, string];
    return {
      table,
      source,
      keys: keys.split(","),
      pipeline,
      columns: lines.map((line) => line.trim().split(" ") as [string, string]),
    };
  });

const isZero = (text: string): boolean => text.startsWith("0000-00-00");

/** Seconds of `[-]HHH:MM:SS`. */
function clockSeconds(text: string): number {
  const [, sign, hours, minutes, seconds] = /^(-?)(\d+):(\d\d):(\d\d)$/.exec(text)!;
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  // No zero below zero.
  return sign ? 0 - size : size;
}

/** Seconds of what a warehouse has: PostgreSQL's `-02:30:00`, or ISO 8601 `PT-2H-30M`. */
function intervalSeconds(text: string): number {
  if (!text.startsWith("P")) return clockSeconds(text);
  const part = (letter: string): number => Number(new RegExp(`(-?\\d+)${letter}`).exec(text)?.[1] ?? 0);
  return part("H") * 3600 + part("M") * 60 + part("S");
}

function micros(fraction = ""): string {
  return fraction.padEnd(6, "0");
}

const instantOf = (day: string, clock: string): DateTime =>
  DateTime.fromISO(`${day}T${clock}`, { zone: "America/Los_Angeles" });

/** When days of Genius's clock begin, in milliseconds; undefined where the clock is changed that day. */
const days = new Map<string, number | undefined>();

/** Once a day and not once a time: luxon takes longer than all else of a comparison. */
function startOfDay(day: string): number | undefined {
  if (!days.has(day)) {
    const [start, end] = [instantOf(day, "00:00:00"), instantOf(day, "23:59:59")];
    days.set(day, start.offset === end.offset ? start.toMillis() : undefined);
  }
  return days.get(day);
}

/** A zone-less time of Genius as an instant. */
function fromWall(text: string): string | null {
  if (isZero(text)) return null;
  const [, day, clock, fraction] = /^(\S{10}) ([\d:]{8})\.?(\d*)$/.exec(text)!;
  const start = startOfDay(day!);
  const at = start === undefined ? instantOf(day!, clock!).toMillis() : start + clockSeconds(clock!) * 1_000;
  return `${new Date(at).toISOString().slice(0, 19)}.${micros(fraction)}Z`;
}

/** An instant as a warehouse prints it. */
function instantText(text: string): string {
  const [, day, clock, fraction] = /^(\S{10})[T ](\d\d:\d\d:\d\d)\.?(\d*)(?:Z|\+00)$/.exec(text)!;
  return `${day}T${clock}.${micros(fraction)}Z`;
}

/** What validators make of texts that they accept; others stay as they are. */
function cleaned(name: string, text: string): string {
  const trimmed = text.trim();
  if (name.endsWith("email"))
    return /^[^@\s]+@example\.(com|org|net)$/i.test(trimmed) ? trimmed.toLowerCase() : trimmed;
  if (name === "state") return /^[a-z]{2}$/i.test(trimmed) ? trimmed.toUpperCase() : trimmed;
  if (!/^phone\d$/.test(name)) return trimmed;
  const digits = trimmed.replaceAll(/\D/g, "").replace(/^1(?=\d{10}$)/, "");
  return /^[2-9]\d{2}[2-9]\d{6}$/.test(digits) ? digits : trimmed;
}

/** A value of Genius as the warehouse must have it. */
function expected(name: string, type: string, text: string | null): string | null {
  if (text === null || text.trim() === "") return null;
  const [base] = type.split("(") as [string];
  if (base === "text") return cleaned(name, text);
  if (base === "date") return isZero(text) ? null : text;
  if (base === "timestamp") return fromWall(text.length === 10 ? `${text} 00:00:00` : text);
  if (base === "interval") return String(clockSeconds(text));
  if (base === "boolean") return text === "1" ? "true" : "false";
  return number(type, text);
}

function number(type: string, text: string): string {
  const scale = /,(\d+)\)$/.exec(type)?.[1];
  if (scale !== undefined) return Number(text).toFixed(Number(scale));
  return /^(?:integer|bigint)$/.test(type) ? String(BigInt(text)) : type === "time" ? text : String(Number(text));
}

/** A value of a warehouse, from its text. */
function stored(type: string, text: string | null): string | null {
  if (text === null) return null;
  switch (type.split("(")[0]) {
    case "text":
    case "date":
      return text;
    case "timestamp":
      return instantText(text);
    case "interval":
      return String(intervalSeconds(text));
    case "boolean":
      return /^(?:1|t|true)$/.test(text) ? "true" : "false";
    default:
      return number(type, text);
  }
}

/** The rows that a target must hold, by key. */
export async function expectedRows(sandbox: GeniusSandbox, target: Target): Promise<Map<string, Texts>> {
  const joined = await joinedColumns(sandbox, target);
  const rows = new Map<string, Texts>();
  for (const row of await sandbox.all(target.source)) {
    const whole: Texts = { ...row, ...joined(row) };
    const cells = target.columns.map(([name, type]) => {
      if (!(name in whole)) throw new Error(`${target.source} has no column ${name}`);
      return [name, expected(name, type, whole[name]!)];
    });
    const made = Object.fromEntries(cells) as Texts;
    rows.set(keyOf(target, made), made);
  }
  return rows;
}

/** Columns that come from other tables, or from other columns. */
async function joinedColumns(sandbox: GeniusSandbox, { source }: Target): Promise<(row: Texts) => Texts> {
  if (source === "user_data") {
    const groups = new Map((await sandbox.all("users_userassociations")).map((row) => [row["id"], row]));
    return (row) => ({ primary_user_id: groups.get(row["user_associations_id"]!)?.["primary_user_id"] ?? null });
  }
  if (source !== "prospect" && source !== "appointment") return () => ({});
  const types = new Map((await sandbox.all("third_party_source_type")).map((row) => [row["id"], row["label"]]));
  const links = new Map((await sandbox.all("third_party_source")).map((row) => [row["id"], row]));
  return (row): Texts => {
    const link = links.get(row["third_party_source_id"]!);
    const isHubspot = types.get(link?.["third_party_source_type_id"] ?? "") === "hubspot";
    const id = isHubspot ? link!["third_party_id"]! : null;
    if (source === "prospect") return { hubspot_contact_id: id };
    const added = row["add_date"] ?? "0000-00-00";
    return { hubspot_appointment_id: id, add_date: isZero(added) ? row["date"]! : added };
  };
}

function keyOf({ keys }: Target, row: Texts): string {
  return keys.map((key) => row[key]).join("/");
}

/** The rows that a warehouse holds, by key; every column of the fixture must be there, and no other of Genius's. */
export async function storedRows(warehouse: TestWarehouse, target: Target): Promise<Map<string, Texts>> {
  const list = target.columns.map(([name]) => `CAST("${name}" AS text) AS "${name}"`).join(", ");
  const rows = new Map<string, Texts>();
  for (const row of await warehouse.query(`SELECT ${list} FROM ${target.table}`)) {
    const made = Object.fromEntries(
      target.columns.map(([name, type]) => [name, stored(type, row[name] as string | null)]),
    );
    rows.set(keyOf(target, made), made);
  }
  return rows;
}

/** Every row of every table, every column, is in the warehouse as it is in Genius, and no other. */
export async function expectMirrored(
  sandbox: GeniusSandbox,
  warehouse: TestWarehouse,
  which: readonly Target[] = targets,
): Promise<void> {
  for (const target of which) {
    const wanted = await expectedRows(sandbox, target);
    const found = await storedRows(warehouse, target);
    const wrong: string[] = [];
    for (const [key, row] of wanted) {
      const other = found.get(key);
      if (!other) wrong.push(`${target.table} ${key} is missing`);
      else
        for (const [name] of target.columns)
          if (row[name] !== other[name])
            wrong.push(
              `${target.table} ${key} ${name}: ${JSON.stringify(other[name])}, not ${JSON.stringify(row[name])}`,
            );
    }
    for (const key of found.keys()) if (!wanted.has(key)) wrong.push(`${target.table} ${key} is too many`);
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(wanted.size, target.table).toBeGreaterThan(0);
  }
}
