import { describe, expect, test } from "vitest";
import { decodeText, type Encoding, showLoneSurrogates } from "../../src/sources/csv-text/decode-text.ts";
import { FatalError } from "../../src/errors.ts";
import { readText } from "./support.ts";

const text = "name,city\nZoë,“Köln” €5 😀\n";
const records = [{ name: "Zoë", city: "“Köln” €5 😀" }];

function utf16be(of: string): Buffer {
  return Buffer.from(of, "utf16le").swap16();
}

/** windows-1252 of what latin1 has not: its 0x80 and its quotation marks. */
const windows1252 = Buffer.from("name,city\nZo\xeb,\x93K\xf6ln\x94 \x805\n", "latin1");

const cases: { name: string; bytes: Buffer; encoding?: Encoding; records: unknown[] }[] = [
  { name: "utf-8", bytes: Buffer.from(text), records },
  { name: "utf-8 with a byte order mark", bytes: Buffer.from(`\uFEFF${text}`), records },
  {
    name: "utf-8 by its byte order mark, whatever the spec says",
    bytes: Buffer.from(`\uFEFF${text}`),
    encoding: "latin1",
    records,
  },
  {
    name: "utf-16 little endian by its byte order mark",
    bytes: Buffer.from(`\uFEFF${text}`, "utf16le"),
    encoding: "utf-16",
    records,
  },
  { name: "utf-16 big endian by its byte order mark", bytes: utf16be(`\uFEFF${text}`), encoding: "utf-16", records },
  {
    name: "a byte order mark of utf-16 in a file said to be utf-8",
    bytes: Buffer.from(`\uFEFF${text}`, "utf16le"),
    records,
  },
  { name: "utf-16le without a byte order mark", bytes: Buffer.from(text, "utf16le"), encoding: "utf-16le", records },
  { name: "utf-16be without a byte order mark", bytes: utf16be(text), encoding: "utf-16be", records },
  {
    name: "utf-16 characters whose bytes look like a comma",
    bytes: Buffer.from("a,b\n1,\u2c41\u4100\u0a2cx\n", "utf16le"),
    encoding: "utf-16le",
    records: [{ a: "1", b: "\u2c41\u4100\u0a2cx" }],
  },
  {
    name: "latin1",
    bytes: Buffer.from("name\nZo\xeb\x80\n", "latin1"),
    encoding: "latin1",
    records: [{ name: "Zoë\x80" }],
  },
  { name: "windows-1252", bytes: windows1252, encoding: "windows-1252", records: [{ name: "Zoë", city: "“Köln” €5" }] },
  { name: "U+FFFD that is really in the file", bytes: Buffer.from("a\nx\uFFFDy\n"), records: [{ a: "x\uFFFDy" }] },
];

describe("encodings", () => {
  test.each(cases)("$name", async ({ bytes, encoding, records: expected }) => {
    const read = await readText(bytes, encoding ? { encoding } : {});
    expect(read.rejects).toEqual([]);
    expect(read.records).toEqual(expected);
  });

  test("utf-16 without a byte order mark is not guessed", async () => {
    await expect(readText(Buffer.from(text, "utf16le"), { encoding: "utf-16" })).rejects.toThrow(
      new FatalError(
        "data.csv has no byte order mark, so its utf-16 can be read in two ways; write encoding: utf-16le or utf-16be",
      ),
    );
  });
});

describe("bytes that are not in the encoding", () => {
  test("cost their record only, and can be read in its reject", async () => {
    const bytes = Buffer.concat([
      Buffer.from("name,city\né,1\n"),
      Buffer.from("Zo\xeb,K\xf6ln \u00ff\n", "latin1"),
      Buffer.from("😀\uFFFD,3\n"),
    ]);
    const read = await readText(bytes);
    expect(read.records).toEqual([
      { name: "é", city: "1" },
      { name: "😀\uFFFD", city: "3" },
    ]);
    expect(read.rejects).toEqual([
      {
        line: 3,
        rule: "bad_encoding",
        message:
          'line 3: column "name" has bytes that are not utf-8; write the file\'s encoding in the source (latin1, windows-1252, …)',
        record: { line: 3, fields: ["Zo\\xEB", "K\\xF6ln \\xFF"] },
      },
    ]);
  });

  test("in the header stop the file", async () => {
    await expect(readText(Buffer.from("a,Gr\xf6\xdfe\n1,2\n", "latin1"))).rejects.toThrow(
      'data.csv: the header (line 1) cannot be read: field 2, "Gr\\\\xF6\\\\xDFe", has bytes that are not in the file\'s encoding; write the right encoding in the source',
    );
  });

  test("a character cut off at the end of the file", async () => {
    const read = await readText(Buffer.from("a\nx\n€").subarray(0, -1));
    expect(read.records).toEqual([{ a: "x" }]);
    expect(read.rejects).toMatchObject([{ line: 3, rule: "bad_encoding", record: { fields: ["\\xE2\\x82"] } }]);
  });

  test("half a pair, and half a character, of utf-16", async () => {
    const read = await readText(Buffer.concat([Buffer.from("a\nx\ud83dy\nz", "utf16le"), Buffer.from([0x41])]), {
      encoding: "utf-16le",
    });
    expect(read.rejects).toMatchObject([
      { line: 2, rule: "bad_encoding", record: { fields: ["x\\uD83Dy"] } },
      { line: 3, rule: "bad_encoding" },
    ]);
    expect(read.records).toEqual([]);
  });
});

test("the bytes may come in pieces of any size", async () => {
  const inputs: [Encoding, Buffer][] = [
    ["utf-8", Buffer.from(`\uFEFF${text}`)],
    [
      "utf-8",
      Buffer.from([0x61, 0xe2, 0x82, 0x61, 0xf0, 0x9f, 0xc3, 0xa9, 0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf0, 0x9f]),
    ],
    ["utf-16", Buffer.from(`\uFEFF${text}`, "utf16le")],
    ["utf-16be", utf16be(text)],
    ["windows-1252", windows1252],
    ["utf-8", Buffer.from("a")],
  ];
  for (const [encoding, bytes] of inputs) {
    const whole = await decoded(bytes, encoding, bytes.length);
    for (let size = 1; size <= 7; size++) expect(await decoded(bytes, encoding, size)).toBe(whole);
  }
});

test("no byte is lost: bad ones can be had back", async () => {
  const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919 + (index >> 3) * 31) & 0xff));
  const shown = await decoded(Buffer.concat([Buffer.from("a"), bytes]), "utf-8", 100);
  const back = Buffer.concat(
    Array.from(shown, (character) => {
      const code = character.charCodeAt(0);
      return character.length === 1 && code >= 0xdc80 && code <= 0xdcff
        ? Buffer.from([code - 0xdc00])
        : Buffer.from(character);
    }),
  );
  expect(back.subarray(1).equals(bytes)).toBe(true);
  expect(showLoneSurrogates("a\udc80\ud83d😀")).toBe("a\\x80\\uD83D😀");
});

async function decoded(bytes: Buffer, encoding: Encoding, size: number): Promise<string> {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const chunks = await Array.fromAsync(decodeText(pieces(), encoding, "data.csv"));
  return chunks.map((chunk) => chunk.text).join("");
}
