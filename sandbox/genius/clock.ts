/** What the clock on Genius's wall shows: its times carry no zone. */

/** `YYYY-MM-DD HH:MM:SS`, with so many decimals as the column keeps; further ones are cut, as MySQL does. */
export function wallTime(at: Date, timeZone: string, digits = 0): string {
  const parts = Object.fromEntries(
    formatter(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const seconds = `${parts["year"]}-${parts["month"]}-${parts["day"]} ${parts["hour"]}:${parts["minute"]}:${parts["second"]}`;
  if (digits === 0) return seconds;
  return `${seconds}.${String(at.getUTCMilliseconds()).padStart(3, "0").padEnd(6, "0").slice(0, digits)}`;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  let found = formatters.get(timeZone);
  if (!found) {
    found = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formatters.set(timeZone, found);
  }
  return found;
}
