/**
 * The Gregorian calendar as arithmetic, for years 1 to 9999. JavaScript's Date reads years below 100 as 19xx and
 * knows no microseconds; this does neither. Days are counted from 1970-01-01.
 * The algorithms are Howard Hinnant's days_from_civil and civil_from_days (chrono-compatible date algorithms).
 */

export const daySeconds = 86_400;
/** Seconds since 1970 of 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what an instant may be. */
export const firstSecond = -62_135_596_800;
export const lastSecond = 253_402_300_799;

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** True for a day that the calendar has, in years 1 to 9999. `month` and `day` count from 1. */
export function isDate(year: number, month: number, day: number): boolean {
  if (!(year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1)) return false;
  if (month === 2 && day === 29) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (monthDays[month - 1] ?? 0);
}

/** Days since 1970-01-01 of a date. */
export function daysOf(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

const two: readonly string[] = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0"));

/** `YYYY-MM-DD` of a day counted from 1970-01-01. */
export function dateText(days: number): string {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${two[Math.floor(year / 100)]}${two[year % 100]}-${two[month]}-${two[day]}`;
}

/** `HH:MM:SS` of a second of the day, 0 to 86,399. */
export function clockText(second: number): string {
  return `${two[Math.floor(second / 3600)]}:${two[Math.floor(second / 60) % 60]}:${two[second % 60]}`;
}

/** Six digits of a fraction of a second. */
export function microsText(micros: number): string {
  return micros === 0 ? "000000" : String(micros).padStart(6, "0");
}

/** The canonical instant: `YYYY-MM-DDTHH:MM:SS.ffffffZ`. `seconds` lies between `firstSecond` and `lastSecond`. */
export function instantText(seconds: number, micros: number): string {
  const days = Math.floor(seconds / daySeconds);
  return `${dateText(days)}T${clockText(seconds - days * daySeconds)}.${microsText(micros)}Z`;
}
