/** CSV files on the disk. */
import type { CsvSource } from "../../spec/types.ts";
import type { Page, ReadRequest, Source, SourceContext } from "../contract.ts";
import { decodeText } from "../csv-text/decode-text.ts";
import { type Dialect, dialectOf } from "../csv-text/dialect.ts";
import { columnsOf, type CsvFile, describeColumns, filePages, PAGE_RECORDS } from "./file-pages.ts";
import { findFiles, type FoundFile } from "./find-files.ts";
import { countBytes, localBytes, unpack } from "./read-bytes.ts";

/** Every file is a slice, named by its path from the spec's folder. A local file is read whether it changed or not. */
export class LocalFiles implements Source {
  readonly #context: SourceContext;
  readonly #spec: CsvSource;
  readonly #path: string;
  readonly #dialect: Dialect;

  constructor(context: SourceContext, spec: CsvSource, path: string) {
    this.#context = context;
    this.#spec = spec;
    this.#path = path;
    this.#dialect = dialectOf(spec);
  }

  async *read(request: ReadRequest): AsyncGenerator<Page> {
    const options = { spec: this.#spec, dialect: this.#dialect, pageRecords: request.pageSize ?? PAGE_RECORDS };
    for (const found of await findFiles(this.#path, this.#context.folder)) {
      if (request.resume[found.name]?.done) continue;
      this.#context.log.debug({ file: found.file }, `reading ${found.name}`);
      yield* this.#context.metrics.clock.working("parse", filePages(this.#open(found), options));
    }
  }

  async check(): Promise<string> {
    const found = await findFiles(this.#path, this.#context.folder);
    // There is one: none would have been an error.
    const first = found[0] as FoundFile;
    const columns = describeColumns(await columnsOf(this.#open(first), this.#spec, this.#dialect));
    const more = found.length > 1 ? ` and ${found.length - 1} more file${found.length > 2 ? "s" : ""}` : "";
    return `${columns} (${first.name}${more})`;
  }

  async close(): Promise<void> {}

  #open({ file, name }: FoundFile): CsvFile {
    const { metrics, signal } = this.#context;
    const bytes = unpack(countBytes(localBytes(file, name, signal), metrics), name);
    return {
      name,
      slice: name,
      text: decodeText(metrics.clock.waiting("fetch", bytes, "parse"), this.#spec.encoding, name),
    };
  }
}
