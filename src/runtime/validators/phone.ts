import { createRequire } from "node:module";
import type * as PhoneLibrary from "libphonenumber-js/min";
import { SpecError } from "../../errors.ts";
import { type CompileValidator, fail, readOptions, trimmed } from "./contract.ts";

type CountryCode = PhoneLibrary.CountryCode;
type Format = "digits" | "e164" | "national";

let loaded: typeof PhoneLibrary | undefined;

/** Loaded at the first number that needs it: North American ones do not. */
function library(): typeof PhoneLibrary {
  loaded ??= createRequire(import.meta.url)("libphonenumber-js/min") as typeof PhoneLibrary;
  return loaded;
}

export const phoneOptions = ["country", "format"];
const formats: readonly string[] = ["digits", "e164", "national"];

/**
 * phone: 10 to 15 digits with its country code or as the country writes it, of a length that exists there.
 * `country` (ISO 3166, default US) is that of numbers without a country code. `format`: `digits` (the default:
 * the national digits of that country, others with their country code: 4155550123, 442079460958), `e164`
 * (+14155550123), `national` ((415) 555-0123; others in their international form). An extension is dropped, but
 * from `national`.
 */
export const phone: CompileValidator = (options) => {
  const given = readOptions("phone", phoneOptions, options);
  const country = (given.text("country") ?? "US").toUpperCase();
  const format = given.text("format") ?? "digits";
  if (!formats.includes(format)) {
    throw new SpecError(`validator phone: format "${format}" is not one of ${formats.join(", ")}`);
  }
  if (country !== "US" && !library().isSupportedCountry(country)) {
    throw new SpecError(`validator phone: country "${country}" is not a two-letter country code such as US`);
  }
  return (value) => {
    const text = trimmed(value);
    const american = country === "US" ? readAmerican(text) : undefined;
    const written =
      american === undefined
        ? readAny(text, country as CountryCode, format as Format)
        : writeAmerican(american, format as Format);
    return typeof value === "string" ? written : value;
  };
};

const americanForm = /^(?:\+?1[-. ]*)?\(?([2-9]\d{2})\)?[-. ]*([2-9]\d{2})[-. ]*(\d{4})$/;

/** The ten digits of a number as nearly all in a US system are written; undefined sends it to the library. */
function readAmerican(text: string): string | undefined {
  const match = americanForm.exec(text);
  return match === null ? undefined : `${match[1]}${match[2]}${match[3]}`;
}

function writeAmerican(digits: string, format: Format): string {
  if (format === "digits") return digits;
  if (format === "e164") return `+1${digits}`;
  return `(${digits.slice(0, 3)}) ${digits.slice(3, 6)}-${digits.slice(6)}`;
}

function readAny(text: string, country: CountryCode, format: Format): string {
  // `extract: false`: a number inside other text is not a phone number.
  const number = library().parsePhoneNumberFromString(text, {
    defaultCountry: country,
    extract: false,
  });
  const digits = number?.number.length ?? 0;
  if (number === undefined || !number.isPossible() || digits < 11 || digits > 16) return fail("not a phone number");
  const domestic = number.countryCallingCode === library().getCountryCallingCode(country);
  if (format === "e164") return number.number;
  if (format === "digits") return domestic ? number.nationalNumber : number.number.slice(1);
  return domestic ? number.formatNational() : number.formatInternational();
}
