/** A body of CSV, whole in memory: a list of records whose values are texts. */
import { FatalError } from "../../../errors.ts";
import type { DecodeCsv } from "../../../spec/types.ts";
import { decodeText, type Encoding, type TextChunk } from "../../csv-text/decode-text.ts";
import { dialectOf } from "../../csv-text/dialect.ts";
import { headerNames } from "../../csv-text/header.ts";
import { RecordReader } from "../../csv-text/record-reader.ts";
import { rejectOf } from "../../csv-text/rejects.ts";
import { recordMaker } from "../../record-maker.ts";
import { BadBody, type Body, type Decoded, type Decoder } from "./contract.ts";
import { jsonDecoder, looksLikeJson, notWanted } from "./json.ts";

const key = "source.decode.csv";

/**
 * Compiles the csv decoder. Every body has its own header, unless the spec says otherwise.
 * @throws SpecError for options that no text can be read with
 */
export function csvDecoder(options: DecodeCsv): Decoder {
  // With `first_page` the header is a record like any other, until it proves to be the header.
  const header = options.header === true;
  const dialect = dialectOf({ ...options, header }, key);
  return {
    decodeError: jsonDecoder.decode,
    async decode(body): Promise<Decoded> {
      refuseOther(body);
      const name = `the answer to ${body.shown}`;
      const { text, encoding } = await csvText(body, options.encoding);
      const reader = new RecordReader(name, dialect);
      const firstPageOnly = options.header === "first_page";
      return readRecords(reader, { text, columns: options.columns, header, firstPageOnly, encoding, name });
    },
  };
}

/** Stands on each record in turn. A quote that never closes is what a body looks like that was cut in the middle. */
function* recordsOf(reader: RecordReader, text: readonly TextChunk[]): Generator<void> {
  try {
    for (const chunk of text) {
      reader.push(chunk);
      while (reader.next()) yield;
    }
    reader.end();
    while (reader.next()) yield;
  } catch (error) {
    if (error instanceof FatalError) throw new BadBody(error.message, { cut: true, cause: error });
    throw error;
  }
}

type ReadOptions = Pick<DecodeCsv, "columns"> & {
  text: readonly TextChunk[];
  header: boolean;
  firstPageOnly: boolean;
  encoding: string;
  name: string;
};

function readRecords(
  reader: RecordReader,
  { text, header, columns, firstPageOnly, encoding, name }: ReadOptions,
): Decoded {
  let names = header ? undefined : columns;
  let make = names && recordMaker(names);
  const namedBy = columns ? `${key}.columns names` : "the header has";
  const records: unknown[] = [];
  const rejects = [];
  let first = true;
  for (const _ of recordsOf(reader, text)) {
    if (!names || !make) {
      names = headerNames(reader, { name, columns, key: `${key}.columns` });
      make = recordMaker(names);
      continue;
    }
    const passed = first && firstPageOnly && isHeader(reader, names);
    first = false;
    if (passed) continue;
    const reject =
      reader.problem || reader.count !== names.length ? rejectOf(reader, { names, namedBy, encoding }) : undefined;
    if (reject) rejects.push(reject);
    else records.push(make(reader.fields));
  }
  if (!names) throw new FatalError(`${name} is empty after the lines that skip_lines leaves out`);
  return { value: records, rejects };
}

function isHeader(reader: RecordReader, names: readonly string[]): boolean {
  return reader.count === names.length && names.every((name, index) => reader.fields[index]?.trim() === name);
}

/** Nearly every text can be read as CSV, an error too: an empty list of records would be made of it. */
function refuseOther(body: Body): void {
  const start = body.bytes.toString("latin1", 0, 256).replace(/^(?:\xef\xbb\xbf)?\s*/, "");
  if (/^(?:<!doctype html|<html|<\?xml)/i.test(start)) throw notWanted(body.text(), "CSV");
  if (!looksLikeJson(start)) return;
  try {
    JSON.parse(body.text());
  } catch {
    return;
  }
  throw notWanted(body.text(), "CSV");
}

const encodings: Readonly<Record<string, Encoding>> = {
  "utf-8": "utf-8",
  "windows-1252": "windows-1252",
  "utf-16le": "utf-16le",
  "utf-16be": "utf-16be",
};

/** By the spec's encoding, else the content type's, else UTF-8; a byte order mark wins. */
async function csvText(
  body: Body,
  asked: Encoding | undefined,
): Promise<{ text: readonly TextChunk[]; encoding: string }> {
  const { bytes, charset = "utf-8", shown } = body;
  const encoding = asked ?? encodings[charset];
  if (encoding === undefined) return { text: [{ text: body.text(), wellFormed: true }], encoding: charset };
  const chunks = (async function* () {
    yield bytes;
  })();
  return { text: await Array.fromAsync(decodeText(chunks, encoding, `the answer to ${shown}`)), encoding };
}
