/** Bodies that are packed: gzip and zip, by what the bytes are. */
import { readFileSync } from "node:fs";
import { deflateRawSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { FatalError, TransientError } from "../../src/errors.ts";
import { serve } from "../http/server.ts";
import { failure, readBody, recordsIn, send } from "./decode-support.ts";
import { openApi, readPages, recordsOf } from "./harness.ts";

/** Made by Python's zipfile, so that our reading is not tried on our own writing. */
const archive = (name: string): Buffer => readFileSync(new URL(`../fixtures/decode/${name}.zip`, import.meta.url));
const people = [
  { id: "007", name: "Ann" },
  { id: "9223372036854775807", name: "Bob, é" },
];

describe("gzip", () => {
  it.each<[string, unknown, string, unknown[]]>([
    ["json", "json", '[{"id":1}]', [{ id: 1 }]],
    ["jsonl", "jsonl", '{"id":1}\n{"id":2}\n', [{ id: 1 }, { id: 2 }]],
    ["csv", "csv", "id\n1\n", [{ id: "1" }]],
    ["xml", "xml", "<r><id>1</id></r>", [{ r: { id: "1" } }]],
    ["rows", "rows", '[["id"],[1]]', [{ id: 1 }]],
  ])("%s that no header announces", async (_name, decode, text, expected) => {
    expect(await recordsIn({ decode }, gzipSync(text), { headers: { "content-type": "application/gzip" } })).toEqual(
      expected,
    );
  });

  it("larger than the limit is refused", async () => {
    const connection = { limits: { decompressed: "1KB" } };
    const error = await failure({ decode: "csv" }, gzipSync(`id\n${"1\n".repeat(5_000)}`), { connection });
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(/is larger than 1KB when decompressed \(limits\.decompressed of connection "test"\)/);
  });
});

describe("zip", () => {
  it.each(["one", "stored", "streamed", "macos"])("%s: its only file", async (name) => {
    const { records, lines } = await readBody({ decode: "csv" }, archive(name), {
      headers: { "content-type": "application/zip" },
    });
    expect(records).toEqual(people);
    expect(lines.filter((line) => line.startsWith("warn"))).toEqual([]);
  });

  it.each<[string, unknown, unknown[]]>([
    ["a name", { csv: {}, zip: { entry: "people.csv" } }, people],
    ["a glob", { csv: {}, zip: { entry: "p*.csv" } }, people],
    ["a glob for the name in a folder", { csv: {}, zip: { entry: "d*.csv" } }, [{ id: "1" }]],
    ["a glob with a folder", { csv: {}, zip: { entry: "*/deals.*" } }, [{ id: "1" }]],
  ])("several: chosen by %s", async (_name, decode, expected) => {
    expect(await recordsIn({ decode }, archive("several"))).toEqual(expected);
  });

  it("with zip64 sizes", async () => {
    expect(await recordsIn({ decode: { csv: {}, zip: { entry: "people.csv" } } }, archive("zip64"))).toEqual(people);
  });

  it.each<[string, unknown, string, RegExp]>([
    [
      "several files",
      "csv",
      "several",
      /is a zip archive that holds people\.csv, 2024\/deals\.csv, readme\.txt; say which one: decode: \{ zip: \{ entry: a name or glob \} \}$/,
    ],
    [
      "several that match",
      { csv: {}, zip: { entry: "*.csv" } },
      "several",
      /holds people\.csv, 2024\/deals\.csv; decode\.zip\.entry "\*\.csv" must match one of them, and matches 2$/,
    ],
    [
      "none that matches",
      { csv: {}, zip: { entry: "*.xml" } },
      "several",
      /holds people\.csv, 2024\/deals\.csv, readme\.txt; .* matches none$/,
    ],
    ["no file", "csv", "empty", /is a zip archive that is empty$/],
    [
      "another packing",
      "csv",
      "bzip2",
      /people\.csv in the zip archive is packed by method 12: only deflate can be read/,
    ],
  ])("with %s stops the read", async (_name, decode, name, message) => {
    const error = await failure({ decode }, archive(name));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(message);
  });

  it("that is encrypted stops the read", async () => {
    const bytes = archive("one");
    bytes[bytes.lastIndexOf("PK\x01\x02") + 8]! |= 1;
    expect((await failure({ decode: "csv" }, bytes)).message).toMatch(/people\.csv in the zip archive is encrypted/);
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["cut short", (bytes) => bytes.subarray(0, bytes.length - 30)],
    ["cut in its first file", (bytes) => bytes.subarray(0, 60)],
    ["damaged in a file", (bytes) => (bytes.fill(0, 95, 105), bytes)],
    ["damaged in its directory", (bytes) => (bytes.fill(0xff, bytes.length - 100, bytes.length - 40), bytes)],
  ])("%s is asked for again", async (_name, damage) => {
    const server = await serve((_request, response, index) =>
      send(response, index === 0 ? damage(archive("one")) : archive("one")),
    );
    const { source, metrics } = await openApi(server.url, { decode: "csv", records: "$" });
    expect(recordsOf(await readPages(source))).toEqual(people);
    expect(metrics).toMatchObject({ retries: 1, recovered: 1 });
    const error = await failure({ decode: "csv" }, damage(archive("one")));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(/the body is a zip archive, but .*; giving up/);
  });

  it("a bomb is stopped while it is unpacked, whatever it says of its size", async () => {
    const packed = deflateRawSync(Buffer.alloc(4_000_000));
    const bytes = withContent(archive("one"), packed, 100);
    const error = await failure({ decode: "csv" }, bytes, { connection: { limits: { decompressed: "64KB" } } });
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(
      /people\.csv in the answer to GET .* is larger than 64KB \(limits\.decompressed of connection "test"\) when unzipped/,
    );
  });

  it("an error in JSON beside a zip archive is read by rules", async () => {
    const server = await serve((_request, response, index) =>
      index === 0 ? send(response, '{"state":"PENDING"}', { status: 404 }) : send(response, archive("one")),
    );
    const responses = [{ when: "$status = 404 and state = 'PENDING'", do: "retry" }];
    const { source } = await openApi(server.url, { decode: "csv", records: "$", responses });
    expect(recordsOf(await readPages(source))).toEqual(people);
  });
});

/** The archive with other packed bytes in its file, whose directory claims this size. */
function withContent(bytes: Buffer, packed: Buffer, size: number): Buffer {
  const entry = bytes.lastIndexOf("PK\x01\x02");
  const end = bytes.lastIndexOf("PK\x05\x06");
  const start = bytes.readUInt32LE(entry + 42);
  const data = start + 30 + bytes.readUInt16LE(start + 26) + bytes.readUInt16LE(start + 28);
  const whole = Buffer.concat([bytes.subarray(0, data), packed, bytes.subarray(bytes.indexOf("PK\x01\x02"))]);
  const shift = whole.length - bytes.length;
  whole.writeUInt32LE(packed.length, entry + shift + 20);
  whole.writeUInt32LE(size, entry + shift + 24);
  whole.writeUInt32LE(bytes.readUInt32LE(end + 16) + shift, end + shift + 16);
  return whole;
}
