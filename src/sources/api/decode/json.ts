import { RecordError } from "../../../errors.ts";
import { parseJson } from "../../../values/json-text.ts";
import { describeBody } from "../../http/index.ts";
import { BadBody, type Decoder } from "./contract.ts";

/** JSON, every digit kept. */
export const jsonDecoder: Decoder = {
  decode: (body) => ({ value: readJson(body.text()) }),
  decodeError: (body) => ({ value: readJson(body.text()) }),
};

/** Throws BadBody for a text that is no JSON: one that starts like it was damaged or cut, anything else is not it. */
function readJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    if (looksLikeJson(text)) throw new BadBody(error.message, { cut: true, cause: error });
    throw notWanted(text, "JSON", error);
  }
}

export function looksLikeJson(text: string): boolean {
  return /^\ufeff?\s*[[{]/.test(text);
}

/** `an HTML page titled "Sign in", where JSON was expected`. */
export function notWanted(text: string, wanted: string, cause?: unknown): BadBody {
  return new BadBody(`${describeBody(text) ?? "nothing"}, where ${wanted} was expected`, { cut: false, cause });
}
