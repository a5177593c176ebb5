import { SpecError } from "../../errors.ts";
import { type CompileValidator, fail, readOptions, trimmed } from "./contract.ts";

/** What a country's postal codes look like, and how its parts are put together (Universal Postal Union). */
const forms: ReadonlyMap<string, readonly [form: RegExp, separator: string]> = new Map<
  string,
  readonly [RegExp, string]
>([
  ["US", [/^(\d{5})(?:[- ]?(\d{4}))?$/, "-"]],
  ["CA", [/^([ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z])[- ]?(\d[ABCEGHJ-NPRSTV-Z]\d)$/, " "]],
  ["GB", [/^([A-Z]{1,2}\d[A-Z\d]?) ?(\d[A-Z]{2})$/, " "]],
  ["NL", [/^([1-9]\d{3}) ?([A-Z]{2})$/, " "]],
  ...["DE", "ES", "FI", "FR", "IT", "MX"].map((country) => [country, [/^(\d{5})$/, ""]] as const),
  ...["AT", "AU", "BE", "CH", "DK", "NO", "NZ"].map((country) => [country, [/^(\d{4})$/, ""]] as const),
]);

export const zipCodeOptions = ["country"];

/**
 * zip_code: a postal code of `country` (default US: five digits, or nine as 12345-6789). Gives text in upper case
 * with its parts set apart as the country does.
 */
export const zipCode: CompileValidator = (options) => {
  const country = (readOptions("zip_code", zipCodeOptions, options).text("country") ?? "US").toUpperCase();
  const known = forms.get(country);
  if (known === undefined) {
    throw new SpecError(`validator zip_code knows no country "${country}"; it knows ${[...forms.keys()].join(", ")}`);
  }
  const [form, separator] = known;
  return (value) => {
    const match = form.exec(trimmed(value).toUpperCase());
    if (match === null) return fail(country === "US" ? "not a zip code" : `not a postal code of ${country}`);
    return typeof value === "string" ? match.slice(1).filter(Boolean).join(separator) : value;
  };
};
