import { RecordError } from "../../../errors.ts";
import { parseJson } from "../../../values/json-text.ts";
import { BadBody, type Body, type Decoded, type Decoder } from "./contract.ts";
import { jsonDecoder, looksLikeJson, notWanted } from "./json.ts";

/** A JSON value on each line, every digit kept; blank lines are passed over. https://jsonlines.org */
export const jsonLinesDecoder: Decoder = {
  decode: readLines,
  decodeError: jsonDecoder.decode,
};

/** Throws BadBody for a line that is no JSON: it names its number. */
function readLines(body: Body): Decoded {
  const text = body.text();
  const values: unknown[] = [];
  let line = 0;
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\n", start);
    const next = end === -1 ? text.length : end;
    const written = text.slice(start, next);
    start = next + 1;
    line++;
    if (written.trim() === "") continue;
    try {
      values.push(parseJson(written));
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      // What fails at once is another thing; what begins well was damaged or cut on its way.
      if (values.length === 0 && !looksLikeJson(written)) throw notWanted(text, "JSON lines", error);
      throw new BadBody(`line ${line} is ${error.message}`, { cut: true, cause: error });
    }
  }
  return { value: values };
}
