/**
 * Reads a CSV file into lists of texts with one parser, and prints how long that took.
 * node parse-csv.ts NAME FILE FOLDER
 */
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { decodeText } from "../src/sources/csv-text/decode-text.ts";
import { dialectOf } from "../src/sources/csv-text/dialect.ts";
import { RecordReader } from "../src/sources/csv-text/record-reader.ts";

type Take = (row: readonly string[]) => void;

interface Udsv {
  inferSchema(text: string, options: object): { cols: { name: string }[] };
  initParser(schema: unknown): {
    stringArrs: unknown;
    chunk(text: string, kind: unknown, take: Take): void;
    end(): void;
  };
}

const [name = "", file = "", folder = ""] = process.argv.slice(2);
const load = createRequire(join(folder, "package.json"));
const text = () => createReadStream(file, { encoding: "utf8", highWaterMark: 65_536 });

const parsers: Record<string, (take: Take) => Promise<void>> = {
  etl: async (take) => {
    const options = { header: false, columns: ["a"], delimiter: ",", quote: '"', escape: '"', skip_lines: 0 };
    const reader = new RecordReader(file, dialectOf(options as unknown as Parameters<typeof dialectOf>[0]));
    const takeAll = (): void => {
      while (reader.next()) take(reader.fields.slice(0, reader.count));
    };
    for await (const chunk of decodeText(createReadStream(file, { highWaterMark: 65_536 }), "utf-8", file)) {
      reader.push(chunk);
      takeAll();
    }
    reader.end();
    takeAll();
  },
  "csv-parse": async (take) => {
    const { parse } = load("csv-parse") as { parse(): NodeJS.ReadWriteStream };
    for await (const row of text().pipe(parse())) take(row as unknown as string[]);
  },
  papaparse: (take) =>
    new Promise((resolve, reject) => {
      const papa = load("papaparse") as { parse(input: unknown, options: object): void };
      const chunk = ({ data }: { data: string[][] }): void => data.forEach((row) => take(row));
      papa.parse(text(), { skipEmptyLines: true, chunk, complete: resolve, error: reject });
    }),
  udsv: async (take) => {
    const { inferSchema, initParser } = load("udsv") as Udsv;
    let parser: ReturnType<typeof initParser> | undefined;
    for await (const piece of text()) {
      if (!parser) {
        const schema = inferSchema(piece as string, { encl: '"' });
        parser = initParser(schema);
        take(schema.cols.map((column) => column.name));
      }
      parser.chunk(piece as string, parser.stringArrs, take);
    }
    parser?.end();
  },
};

let rows = 0;
let characters = 0;
const started = performance.now();
await parsers[name]!((row) => {
  rows++;
  for (const field of row) characters += field.length;
});
const ms = performance.now() - started;
console.log(JSON.stringify({ rows, characters, ms, peakMb: process.resourceUsage().maxRSS / 1024 }));
