/** Numbers of databases as records have them: a number where a double holds it exactly, else its digits as text. */

/** A whole number, however the driver gives it. */
export function readInteger(value: unknown): unknown {
  if (typeof value === "number") return value;
  const number = Number(value as string | bigint);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** A decimal's text: up to 15 digits always survive a double (IEEE 754). */
export function readDecimal(value: unknown): unknown {
  const text = String(value);
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) digits++;
  }
  if (digits > 15) return text;
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

/** A float of four bytes as the shortest number that is the same four bytes: 0.1, not 0.10000000149011612. */
export function readFloat4(value: unknown): unknown {
  if (typeof value !== "number" || !Number.isFinite(value)) return String(value);
  for (let digits = 6; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/** NaN and the infinities have no number in JSON. */
export function readFloat(value: unknown): unknown {
  const number = Number(value);
  return Number.isFinite(number) ? number : String(value);
}
