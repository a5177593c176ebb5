import { daysOf, daySeconds, isDate } from "./calendar.ts";
import type { ReadTime } from "./iso-time.ts";

/** What a token of a pattern stands for. */
export type Field =
  | "year"
  | "month"
  | "day"
  | "hour"
  | "hour12"
  | "minute"
  | "second"
  | "millisecond"
  | "fraction"
  | "half"
  | "offset"
  | "monthName";

/** The short names of the months, in order. */
export const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** The parts of one text while they are put together. */
export class FieldSet {
  private year = 1970;
  private month = 1;
  private day = 1;
  private hour = 0;
  private half: "am" | "pm" | undefined;
  private twelve = false;
  private minute = 0;
  private second = 0;
  private micros = 0;
  private offset: number | undefined;

  set(field: Field, text: string): void {
    switch (field) {
      case "year":
        // Luxon's default cut: 00 to 60 are 20xx.
        this.year = text.length === 4 ? Number(text) : Number(text) + (Number(text) > 60 ? 1900 : 2000);
        break;
      case "monthName":
        this.month = months.indexOf(text.slice(0, 3).toLowerCase()) + 1;
        break;
      case "hour12":
        this.hour = Number(text);
        this.twelve = true;
        break;
      case "half":
        this.half = /^p/i.test(text) ? "pm" : "am";
        break;
      case "millisecond":
        this.micros = Number(text) * 1000;
        break;
      case "fraction":
        this.micros = Number(text.padEnd(6, "0").slice(0, 6));
        break;
      case "offset":
        this.offset = offsetSeconds(text);
        break;
      default:
        this[field] = Number(text);
    }
  }

  time(): ReadTime | undefined {
    let { hour } = this;
    if (this.twelve || this.half !== undefined) {
      if (hour > 12 || (this.twelve && hour === 0)) return undefined;
      if (this.half !== undefined) hour = (hour % 12) + (this.half === "pm" ? 12 : 0);
    }
    const fits = isDate(this.year, this.month, this.day) && hour <= 23 && this.minute <= 59 && this.second <= 59;
    if (!fits || Number.isNaN(this.offset)) return undefined;
    const clock = hour * 3600 + this.minute * 60 + this.second;
    return {
      seconds: daysOf(this.year, this.month, this.day) * daySeconds + clock - (this.offset ?? 0),
      micros: this.micros,
      zoneless: this.offset === undefined,
    };
  }
}

function offsetSeconds(text: string): number {
  const match = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(text);
  if (match === null) return 0;
  const seconds = Number(match[2]) * 3600 + Number(match[3] ?? "0") * 60;
  return Number(match[2]) > 18 ? Number.NaN : match[1] === "-" ? -seconds : seconds;
}
