import { type Decimal, readDecimal } from "./decimal-text.ts";

const currency = String.raw`(?:[A-Z]{0,3}\p{Sc}|[A-Z]{3})`;
/** An optional currency before or after, a sign on either side of it; the number in the middle. */
const moneyForm = new RegExp(String.raw`^([+-]?)\s?${currency}?\s?([+-]?)([\d.,]+)\s?${currency}?$`, "u");
const grouped = /^\d{1,3}(?:,\d{3})+(?:\.\d*)?$/;

/**
 * Reads an amount as people write it: `$1,234.00`, `-$5`, `USD 5`, `5.00 EUR`, `(12.50)` for −12.50. Commas stand
 * between groups of three digits and the point before the decimals; `1.234,50` is refused, because `1,234` would
 * then be worth two things.
 */
export function readMoney(text: string): Decimal | undefined {
  const inParentheses = /^\((.*)\)$/s.exec(text.trim());
  const match = moneyForm.exec((inParentheses?.[1] ?? text).trim());
  if (match === null) return undefined;
  const number = match[3] ?? "";
  const plain = number.includes(",") ? (grouped.test(number) ? number.replaceAll(",", "") : "") : number;
  const decimal = readDecimal(plain);
  if (decimal === undefined || decimal.digits === "0") return decimal;
  const signs = (match[1] ?? "") + (match[2] ?? "");
  if (signs.length > 1 || (signs !== "" && inParentheses)) return undefined;
  return { ...decimal, negative: signs === "-" || inParentheses !== null };
}
