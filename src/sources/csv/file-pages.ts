/** One file's text as pages of records. */
import { FatalError } from "../../errors.ts";
import type { CsvSource } from "../../spec/types.ts";
import type { Page } from "../contract.ts";
import type { TextChunk } from "../csv-text/decode-text.ts";
import type { Dialect } from "../csv-text/dialect.ts";
import { type CsvRecord, headerNames } from "../csv-text/header.ts";
import { RecordReader } from "../csv-text/record-reader.ts";
import { rejectOf } from "../csv-text/rejects.ts";
import { recordMaker } from "../record-maker.ts";

/** A page is full with this many records … */
export const PAGE_RECORDS = 2_000;
/** … or this many characters of the file. */
const PAGE_CHARS = 1024 * 1024;

export interface CsvFile {
  /** For messages. */
  name: string;
  slice: string;
  text: AsyncIterable<TextChunk>;
}

export interface PageOptions {
  spec: CsvSource;
  dialect: Dialect;
  pageRecords: number;
}

/**
 * The file's records in pages, the last of them marked. It reads only as fast as it is consumed. A page's `bytes`
 * are the characters that it took in the file.
 * @throws FatalError for a file that cannot be read on; SpecError where the spec's columns are not the file's
 */
export async function* filePages(file: CsvFile, options: PageOptions): AsyncGenerator<Page> {
  const { spec, dialect, pageRecords } = options;
  const reader = new RecordReader(file.name, dialect);
  let names = spec.header ? undefined : spec.columns;
  let make = names && recordMaker(names);
  const namedBy = spec.columns ? "source.columns names" : "the header has";
  let page = emptyPage(file.slice);
  for await (const _ of steps(reader, file.text)) {
    while (reader.next()) {
      if (!names || !make) {
        names = headerNames(reader, { name: file.name, columns: spec.columns });
        make = recordMaker(names);
        continue;
      }
      if (page.bytes >= PAGE_CHARS || page.records.length + page.rejects.length >= pageRecords) {
        yield page;
        page = emptyPage(file.slice);
      }
      page.bytes += reader.length;
      const reject =
        reader.problem || reader.count !== names.length
          ? rejectOf(reader, { names, namedBy, encoding: spec.encoding })
          : undefined;
      if (reject) {
        page.rejects.push(reject);
      } else {
        page.records.push(make(reader.fields));
        page.lines.push(reader.line);
      }
    }
  }
  if (!names) throw new FatalError(missingHeader(file.name, dialect));
  yield { ...page, last: true };
}

/** The names of a file's columns, without reading further than its header. */
export async function columnsOf(file: CsvFile, spec: CsvSource, dialect: Dialect): Promise<string[]> {
  const reader = new RecordReader(file.name, dialect);
  for await (const _ of steps(reader, file.text)) {
    if (!reader.next()) continue;
    return spec.header ? headerNames(reader, { name: file.name, columns: spec.columns }) : (spec.columns ?? []);
  }
  if (spec.header) throw new FatalError(missingHeader(file.name, dialect));
  return spec.columns ?? [];
}

/** Hands the text to the reader piece by piece; after each, and after the end, there may be records to take. */
async function* steps(reader: RecordReader, text: AsyncIterable<TextChunk>): AsyncGenerator<void> {
  for await (const chunk of text) {
    reader.push(chunk);
    yield;
  }
  reader.end();
  yield;
}

type OpenPage = Page & Required<Pick<Page, "lines" | "rejects">> & { records: CsvRecord[] };

function emptyPage(slice: string): OpenPage {
  return { slice, records: [], lines: [], rejects: [], last: false, bytes: 0 };
}

function missingHeader(name: string, dialect: Dialect): string {
  const after = dialect.skipLines > 0 ? ` after the ${dialect.skipLines} lines that skip_lines leaves out` : "";
  return `${name} is empty${after}: a header line was expected; is the file complete? Without a header it takes header: false and columns`;
}

/** `7 columns: code, city, …` */
export function describeColumns(names: string[]): string {
  return `${names.length} column${names.length === 1 ? "" : "s"}: ${names.join(", ")}`;
}
