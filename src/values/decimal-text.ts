/**
 * Decimal numbers as text. Nothing here passes through a double: an amount or a 19-digit id is worth exactly
 * what its digits say.
 */

/** A decimal number: `digits` × 10^`exponent`. No zeros at either end of `digits`; zero is "0" with exponent 0. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const decimalForm = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
/** Exponents are clamped here, far beyond what any type holds, so that sums of them stay exact. */
const maxExponent = 1_000_000_000;

/** Reads `12`, `-0.50`, `.5`, `1e3`. Undefined for anything else: blanks, separators, NaN, hexadecimal. */
export function readDecimal(text: string): Decimal | undefined {
  const match = decimalForm.exec(text);
  if (match === null) return undefined;
  const whole = match[2] ?? "";
  const fraction = match[3] ?? "";
  const all = whole + fraction;
  if (all === "") return undefined;
  let from = 0;
  let to = all.length;
  while (from < to && all.charCodeAt(from) === 48) from++;
  while (to > from && all.charCodeAt(to - 1) === 48) to--;
  if (from === to) return { negative: false, digits: "0", exponent: 0 };
  const written = match[4] === undefined ? 0 : Math.max(-maxExponent, Math.min(maxExponent, Number(match[4])));
  return {
    negative: match[1] === "-",
    digits: all.slice(from, to),
    exponent: written - fraction.length + (all.length - to),
  };
}

/** How many digits stand before the decimal point; 0 or less for a number below one. */
export function wholeDigits(decimal: Decimal): number {
  return decimal.digits === "0" ? 0 : decimal.digits.length + decimal.exponent;
}

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.negative !== b.negative) return a.negative ? -1 : 1;
  const size = compareMagnitudes(a, b);
  return a.negative ? -size : size;
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  if (a.digits === "0" || b.digits === "0") return Number(a.digits !== "0") - Number(b.digits !== "0");
  const length = wholeDigits(a) - wholeDigits(b);
  // With the same place for the first digit, and no zeros at the end, text order is number order.
  if (length !== 0) return length;
  return a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : 0;
}

/**
 * The digits of |decimal| × 10^scale, rounded half to even (the banker's rule: ties go to the even neighbour).
 * The caller has bounded `wholeDigits`: that many digits and `scale` more are made.
 */
export function roundHalfEven(decimal: Decimal, scale: number): { digits: string; rounded: boolean } {
  const cut = -(decimal.exponent + scale);
  if (cut <= 0)
    return {
      digits: decimal.digits + (decimal.digits === "0" ? "" : "0".repeat(-cut)),
      rounded: false,
    };
  const { digits } = decimal;
  if (cut > digits.length) return { digits: "0", rounded: true };
  const kept = digits.slice(0, digits.length - cut) || "0";
  const first = digits.charCodeAt(digits.length - cut) - 48;
  const exactlyHalf = first === 5 && cut === 1;
  const up = exactlyHalf ? (kept.charCodeAt(kept.length - 1) & 1) === 1 : first >= 5;
  return { digits: up ? String(BigInt(kept) + 1n) : kept, rounded: true };
}

/** Puts the point `scale` digits from the right: ("5", 2) is `0.05`. */
export function placePoint(digits: string, scale: number): string {
  if (scale === 0) return digits;
  const padded = digits.padStart(scale + 1, "0");
  return `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** A finite double as plain decimal digits, as many as it takes to tell it from its neighbours: 1e21 is 1000…, -0 is 0. */
export function plainNumber(value: number): string {
  const text = String(value);
  if (!text.includes("e")) return text;
  const decimal = readDecimal(text);
  if (decimal === undefined) return text;
  const scale = Math.max(0, -decimal.exponent);
  return (decimal.negative ? "-" : "") + placePoint(roundHalfEven(decimal, scale).digits, scale);
}
