/** One value of a column, drawn from its name and type. */
import type { Draw } from "../hubspot/data/draw.ts";
import { firstNames, lastNames, places, streets } from "../hubspot/data/words.ts";
import type { Cell, Column } from "./table.ts";
import { durations, labels, noEmails, noPhones, noStates, notes, noZips, phones, timeZones } from "./words.ts";

export const zeroDate = "0000-00-00";

/** How many rows the table has that a column points at; undefined for one that points at none. */
export type Pointed = (column: string) => number | undefined;

/** A value that is there, whatever the column allows. */
export function drawCell(column: Column, draw: Draw, pointed: Pointed): Cell {
  const named = texts[column.name] ?? (column.name.startsWith("phone") ? drawPhone : undefined);
  if (named && column.base === "varchar") return cut(named(draw), column);
  switch (column.base) {
    case "tinyint":
      return draw.int(0, 1);
    case "smallint":
      return draw.int(1, pointed(column.name) ?? 9);
    case "int":
      return draw.int(1, pointed(column.name) ?? 4_000_000);
    case "year":
      return draw.int(1901, 2026);
    case "float":
      return draw.int(0, 40_000) / 100;
    case "decimal":
      return drawDecimal(column, draw);
    case "date":
      return drawDay(draw);
    case "time":
      return column.name === "duration" ? draw.pick(durations) : `${two(draw.int(0, 23))}:${two(draw.int(0, 59))}:00`;
    case "datetime":
      return drawInstant(column, draw);
    case "enum":
      return draw.pick([...column.type.matchAll(/'([^']*)'/g)].map(([, value]) => value!));
    default:
      return drawText(column, draw);
  }
}

/** What stands where nothing stands: NULL, an empty or blank text, a zero date. Undefined: a value. */
export function drawNothing({ base, nullable }: Column, draw: Draw): Cell | undefined {
  const chance = draw.next();
  if (!nullable) return undefined;
  if (chance < 0.12) return null;
  if (chance > 0.18) return undefined;
  if (base === "varchar" || base === "text") return chance < 0.16 ? "" : " ";
  if (base === "date") return zeroDate;
  return base === "datetime" ? `${zeroDate} 00:00:00` : undefined;
}

/** Now and then as long as the column allows, which is longer than the original's warehouse could keep. */
function drawText(column: Column, draw: Draw): string {
  const words = column.base === "text" ? notes : labels;
  const [size = 2_000] = column.sizes;
  const text = draw.int(1, 40) === 1 ? `${draw.pick(words)} `.repeat(size) : draw.pick(words);
  return cut(text, column);
}

function cut(text: string, { sizes: [size = 2_000] }: Column): string {
  if (text.length <= size) return text;
  // By whole characters: half a pair is no utf8mb4.
  return [...text].slice(0, size).join("");
}

const texts: Readonly<Record<string, (draw: Draw) => string>> = {
  first_name: (draw) => draw.pick(firstNames),
  alt_first_name: (draw) => draw.pick(firstNames),
  first_name_alt: (draw) => draw.pick(firstNames),
  last_name: (draw) => draw.pick(lastNames),
  alt_last_name: (draw) => draw.pick(lastNames),
  address1: (draw) => `${draw.int(1, 999)} ${draw.pick(streets)}`,
  city: (draw) => draw.pick(places)[0],
  state: drawState,
  third_party_id: (draw) => draw.digits(draw.int(3, 11)),
  year_built: (draw) => String(draw.int(1901, 2025)),
  zip: (draw) => (draw.int(1, 20) === 1 ? draw.pick(noZips) : draw.pick(places)[2]),
  email: drawEmail,
  personal_email: drawEmail,
  signer_email: drawEmail,
  time_zone_name: (draw) => draw.pick(timeZones),
  default_time_zone_name: (draw) => draw.pick(timeZones),
};

function drawState(draw: Draw): string {
  const chance = draw.int(1, 20);
  if (chance === 1) return draw.pick(noStates);
  const [, state] = draw.pick(places);
  return chance === 2 ? state.toLowerCase() : state;
}

function drawEmail(draw: Draw): string {
  const chance = draw.int(1, 20);
  if (chance === 1) return draw.pick(noEmails);
  const address = `person${draw.int(1, 99_999)}@example.${draw.pick(["com", "org", "net"])}`;
  return chance === 2 ? ` ${address.toUpperCase()} ` : address;
}

function drawPhone(draw: Draw): string {
  if (draw.int(1, 20) === 1) return draw.pick(noPhones);
  return draw.pick(phones)(
    `${draw.int(2, 9)}${draw.int(0, 8)}${draw.int(0, 9)}555${String(draw.int(100, 199)).padStart(4, "0")}`,
  );
}

function drawDecimal({ sizes: [precision = 10, scale = 0] }: Column, draw: Draw): string {
  const whole = draw.int(0, Math.min(10 ** (precision - scale) - 1, 99_999));
  const part = scale === 0 ? "" : `.${String(draw.int(0, 10 ** Math.min(scale, 7) - 1)).padStart(scale, "0")}`;
  return `${draw.int(1, 12) === 1 ? "-" : ""}${whole}${part}`.replace(/^-(0(?:\.0+)?)$/, "$1");
}

function drawDay(draw: Draw): string {
  return `${draw.int(2019, 2025)}-${two(draw.int(1, 12))}-${two(draw.int(1, 28))}`;
}

/** In office hours: no clock is put forward or back then. */
export function drawInstant({ sizes: [digits = 0] }: Column, draw: Draw): string {
  const seconds = `${drawDay(draw)} ${two(draw.int(6, 20))}:${two(draw.int(0, 59))}:${two(draw.int(0, 59))}`;
  return digits === 0 ? seconds : `${seconds}.${draw.digits(6).slice(0, digits)}`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
