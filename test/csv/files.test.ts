import { chmod, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FatalError, SpecError } from "../../src/errors.ts";
import { openCsv, readAll, readRequest, readText, withFiles } from "./support.ts";

/** How many files under this folder the process has open. */
async function openFilesIn(folder: string): Promise<number> {
  const { readlink } = await import("node:fs/promises");
  const links = await Promise.all(
    (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
  );
  return links.filter((link) => link.startsWith(folder)).length;
}

/** Root may read everything: as root, this is done as a user who may not. */
async function asNobody(act: () => Promise<void>): Promise<void> {
  const root = process.getuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    await act();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

const rows = (count: number): string =>
  `id,name\n${Array.from({ length: count }, (_, index) => `${index},name ${index}\n`).join("")}`;

describe("which files", () => {
  const files = {
    "b.csv": "a\nb\n",
    "a.csv": "a\na\n",
    "2025/01/x.csv": "a\nx1\n",
    "2025/02/x.csv": "a\nx2\n",
    "c.txt": "a\nc\n",
    "folder.csv/inner.txt": "",
  };

  test.each([
    { pattern: "a.csv", slices: ["a.csv"] },
    { pattern: "./a.csv", slices: ["a.csv"] },
    { pattern: "*.csv", slices: ["a.csv", "b.csv"] },
    { pattern: "?.csv", slices: ["a.csv", "b.csv"] },
    { pattern: "{b,c}.{csv,txt}", slices: ["b.csv", "c.txt"] },
    { pattern: "[ab].csv", slices: ["a.csv", "b.csv"] },
    { pattern: "**/*.csv", slices: ["2025/01/x.csv", "2025/02/x.csv", "a.csv", "b.csv"] },
    { pattern: "2025/*/x.csv", slices: ["2025/01/x.csv", "2025/02/x.csv"] },
  ])("$pattern", async ({ pattern, slices }) => {
    await withFiles(files, async (folder) => {
      const { source } = await openCsv({ path: pattern }, { folder });
      const { pages, records } = await readAll(source);
      expect(pages.map((page) => page.slice)).toEqual(slices);
      expect(pages.every((page) => page.last && page.position === undefined)).toBe(true);
      expect(records).toHaveLength(slices.length);
    });
  });

  test("an absolute path and an absolute glob", async () => {
    await withFiles(files, async (folder) => {
      for (const name of ["b.csv", "b.*"]) {
        const { source } = await openCsv({ path: path.join(folder, name) }, { folder: path.join(folder, "2025") });
        expect((await readAll(source)).pages.map((page) => page.slice)).toEqual(["../b.csv"]);
      }
    });
  });

  test("a file whose name looks like a glob", async () => {
    await withFiles({ "data[1].csv": "a\n1\n" }, async (folder) => {
      const { source } = await openCsv({ path: "data[1].csv" }, { folder });
      expect((await readAll(source)).records).toEqual([{ a: "1" }]);
    });
  });

  test("every file has its own header; lines start anew", async () => {
    await withFiles({ "1.csv": "a,b\n1,2\n", "2.csv": "b,a\n\n3,4\n" }, async (folder) => {
      const { source } = await openCsv({ path: "*.csv" }, { folder });
      const { records, lines } = await readAll(source);
      expect(records).toEqual([
        { a: "1", b: "2" },
        { b: "3", a: "4" },
      ]);
      expect(lines).toEqual([2, 3]);
    });
  });

  test("slices that are done are not read again", async () => {
    await withFiles({ "1.csv": "a\n1\n", "2.csv": "a\n2\n", "3.csv": "a\n3\n" }, async (folder) => {
      const { source } = await openCsv({ path: "*.csv" }, { folder });
      const resume = { "1.csv": { done: true }, "2.csv": { done: false }, "0.csv": { done: true } };
      expect((await readAll(source, readRequest({ resume }))).records).toEqual([{ a: "2" }, { a: "3" }]);
    });
  });
});

describe("what cannot be read", () => {
  test("no such file", async () => {
    await withFiles({}, async (folder) => {
      const { source } = await openCsv({ path: "x/none.csv" }, { folder });
      await expect(readAll(source)).rejects.toThrow(
        new FatalError(
          `no file x/none.csv in ${folder} (looked for ${folder}/x/none.csv); is source.path right, and has the file arrived?`,
        ),
      );
    });
  });

  test("a glob that matches nothing", async () => {
    await withFiles({ "a.txt": "" }, async (folder) => {
      const { source } = await openCsv({ path: "*.csv" }, { folder });
      await expect(readAll(source)).rejects.toThrow(
        new FatalError(`no file matches *.csv in ${folder}; is source.path right, and have the files arrived?`),
      );
      await expect(source.check?.()).rejects.toThrow(FatalError);
    });
  });

  test("a folder", async () => {
    await withFiles({ "in/a.csv": "a\n" }, async (folder) => {
      const { source } = await openCsv({ path: "in" }, { folder });
      await expect(readAll(source)).rejects.toThrow(
        new SpecError(`source.path in is a folder (${folder}/in); write in/*.csv for the CSV files in it`),
      );
    });
  });

  test("a file that may not be read", async () => {
    await withFiles({ "a.csv": "a\n" }, async (folder) => {
      await chmod(folder, 0o755);
      await chmod(path.join(folder, "a.csv"), 0);
      const { source } = await openCsv({ path: "a.csv" }, { folder });
      await asNobody(async () => {
        await expect(readAll(source)).rejects.toThrow(
          new FatalError(
            `a.csv may not be read (${folder}/a.csv): permission denied; let the user that runs etl read it`,
          ),
        );
      });
    });
  });

  test("a file that goes away while the run lasts", async () => {
    await withFiles({ "1.csv": "a\n1\n", "2.csv": "a\n2\n" }, async (folder) => {
      const { source } = await openCsv({ path: "*.csv" }, { folder });
      const pages = source.read(readRequest())[Symbol.asyncIterator]();
      await pages.next();
      await rm(path.join(folder, "2.csv"));
      await expect(pages.next()).rejects.toThrow(
        new FatalError(`2.csv is gone (${folder}/2.csv): it was there when the run began`),
      );
    });
  });
});

describe("gzip, by what the bytes are", () => {
  const text = rows(5_000);

  test.each([
    { name: "called .gz", file: "a.csv.gz", bytes: gzipSync(text) },
    { name: "called .csv", file: "a.csv", bytes: gzipSync(text) },
    { name: "not packed, called .gz", file: "a.csv.gz", bytes: Buffer.from(text) },
    {
      name: "several members",
      file: "a.gz",
      bytes: Buffer.concat([gzipSync(text.slice(0, 1000)), gzipSync(text.slice(1000))]),
    },
    { name: "padded with zeros", file: "a.gz", bytes: Buffer.concat([gzipSync(text), Buffer.alloc(512)]) },
  ])("$name", async ({ file, bytes }) => {
    await withFiles({ [file]: bytes }, async (folder) => {
      const { source, context } = await openCsv({ path: file }, { folder });
      const { records } = await readAll(source);
      expect(records).toHaveLength(5_000);
      expect(records.at(-1)).toEqual({ id: "4999", name: "name 4999" });
      expect(context.metrics.bytesIn).toBe(bytes.length);
    });
  });

  test("utf-16 inside", async () => {
    expect((await readText(gzipSync(Buffer.from("\uFEFFa\né\n", "utf16le")))).records).toEqual([{ a: "é" }]);
  });

  const whole = gzipSync(text);
  const flipped = Buffer.from(whole);
  flipped.writeUInt8((flipped.readUInt8(flipped.length >> 1) ^ 0xff) & 0xff, flipped.length >> 1);
  const wrongSum = Buffer.from(whole);
  wrongSum.writeUInt32LE((wrongSum.readUInt32LE(wrongSum.length - 8) ^ 1) >>> 0, wrongSum.length - 8);

  test.each([
    {
      name: "cut off in the middle",
      bytes: whole.subarray(0, whole.length >> 1),
      message: /^data\.csv is cut off: its gzip data ends in the middle; fetch or make the file again$/,
    },
    { name: "cut off in its last bytes", bytes: whole.subarray(0, -1), message: /^data\.csv is cut off/ },
    { name: "cut off in its header", bytes: whole.subarray(0, 2), message: /^data\.csv is cut off/ },
    {
      name: "cut off in its second member",
      bytes: Buffer.concat([whole, whole.subarray(0, 6)]),
      message: /^data\.csv is cut off/,
    },
    {
      name: "damaged",
      bytes: flipped,
      message: /^data\.csv is damaged: its gzip data cannot be unpacked \(.+\); fetch or make the file again$/,
    },
    { name: "with a wrong checksum", bytes: wrongSum, message: /^data\.csv is damaged/ },
    {
      name: "with other bytes after it",
      bytes: Buffer.concat([whole, Buffer.from("id,name\n")]),
      message: /^data\.csv is damaged/,
    },
  ])("$name: an error, not a shorter file", async ({ bytes, message }) => {
    const thrown = await readText(bytes).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(FatalError);
    expect((thrown as Error).message).toMatch(message);
  });
});

describe("pages", () => {
  test("of 2,000 records, the last one marked", async () => {
    const { pages } = await readText(rows(4_000));
    expect(pages.map((page) => [page.records.length, page.last])).toEqual([
      [2_000, false],
      [2_000, true],
    ]);
    expect(pages[1]?.lines?.[0]).toBe(2_002);
    expect(pages.reduce((sum, page) => sum + page.bytes, 0)).toBe(rows(4_000).length - "id,name\n".length);
  });

  test("of the size that is asked for, rejects counted", async () => {
    await withFiles({ "a.csv": "a,b\n1,2\n3\n4,5\n6\n7,8\n" }, async (folder) => {
      const { source } = await openCsv({ path: "a.csv" }, { folder });
      const { pages } = await readAll(source, readRequest({ pageSize: 2 }));
      expect(pages.map((page) => [page.lines, page.rejects?.map((reject) => reject.line), page.last])).toEqual([
        [[2], [3], false],
        [[4], [5], false],
        [[6], [], true],
      ]);
    });
  });

  test("of a megabyte where records are large", async () => {
    const { pages } = await readText(`a\n${`${"x".repeat(300_000)}\n`.repeat(10)}`);
    expect(pages.map((page) => page.records.length)).toEqual([4, 4, 2]);
  });

  test("records of a file share one shape", async () => {
    const { records } = await readText("b,a\n1,2\n3,4\n");
    expect(records.map((record) => Object.keys(record as object))).toEqual([
      ["b", "a"],
      ["b", "a"],
    ]);
  });
});

describe("reading no faster than it is consumed", () => {
  test.each([
    { name: "plain", pack: (text: string): Uint8Array => Buffer.from(text) },
    { name: "gzip", pack: (text: string): Uint8Array => gzipSync(text) },
  ])("$name: stopping early closes the file, and the rest is not read", async ({ pack }) => {
    const bytes = pack(
      `id,name\n${Array.from({ length: 300_000 }, (_, index) => `${index},${(index * 2654435761) % 4294967296}\n`).join("")}`,
    );
    await withFiles({ "a.csv": bytes }, async (folder) => {
      const { source, context } = await openCsv({ path: "a.csv" }, { folder });
      for await (const page of source.read(readRequest())) {
        expect(page.last).toBe(false);
        break;
      }
      expect(context.metrics.bytesIn).toBeLessThan(1024 * 1024);
      expect(context.metrics.bytesIn).toBeLessThan(bytes.length);
      await expect.poll(() => openFilesIn(folder)).toBe(0);
      await source.close();
    });
  });

  test("an abort stops it with its own reason", async () => {
    await withFiles({ "a.csv": rows(200_000) }, async (folder) => {
      const { source, abort } = await openCsv({ path: "a.csv" }, { folder });
      const reason = new Error("interrupted");
      let records = 0;
      const reading = (async () => {
        for await (const page of source.read(readRequest())) {
          records += page.records.length;
          abort.abort(reason);
        }
      })();
      await expect(reading).rejects.toBe(reason);
      expect(records).toBeLessThan(50_000);
      await expect.poll(() => openFilesIn(folder)).toBe(0);
    });
  });
});

describe("a path that a param gives", () => {
  const files = { "a.csv": "a\na\n", "b.csv": "a\nb\n", "year=2026/a.csv": "a\n2026\n", "{{x}}.csv": "a\nbraces\n" };
  const read = (keys: object, params: Record<string, unknown>) =>
    withFiles(files, async (folder) => {
      const absolute = Object.entries(params).map(([name, value]) => [name, String(value).replace("FOLDER", folder)]);
      const { source } = await openCsv(keys, { folder, params: Object.fromEntries(absolute) });
      return (await readAll(source)).records;
    });

  test.each([
    { path: "{{params.file}}", params: { file: "a.csv" }, records: [{ a: "a" }] },
    { path: "{{params.file}}", params: { file: "FOLDER/a.csv" }, records: [{ a: "a" }] },
    { path: "{{params.file}}", params: { file: "FOLDER/[ab].csv" }, records: [{ a: "a" }, { a: "b" }] },
    { path: "{{params.file}}", params: { file: "{a,b}.csv" }, records: [{ a: "a" }, { a: "b" }] },
    { path: "year={{params.year}}/*.csv", params: { year: 2026 }, records: [{ a: "2026" }] },
    // What a param holds is no template.
    { path: "{{params.file}}", params: { file: "{{x}}.csv" }, records: [{ a: "braces" }] },
  ])("$path with $params", async ({ path: written, params, records }) => {
    expect(await read({ path: written }, params)).toEqual(records);
  });

  test("is needed", async () => {
    for (const params of [{}, { file: "" }, { file: " " }])
      await expect(openCsv({ path: "{{params.file}}" }, { params })).rejects.toThrow(
        new SpecError("source.path {{params.file}} needs a param that was not given"),
      );
  });
});

test("check names the columns and reads no more than it needs", async () => {
  await withFiles({ "1.csv": rows(100_000), "2.csv": rows(1), "3.csv": "x\n" }, async (folder) => {
    const one = await openCsv({ path: "1.csv" }, { folder });
    expect(await one.source.check?.()).toBe("2 columns: id, name (1.csv)");
    expect(one.context.metrics.bytesIn).toBeLessThan(300_000);
    await expect.poll(() => openFilesIn(folder)).toBe(0);
    const more = await openCsv({ path: "*.csv" }, { folder });
    expect(await more.source.check?.()).toBe("2 columns: id, name (1.csv and 2 more files)");
    const named = await openCsv({ path: "3.csv", columns: ["a"] }, { folder });
    expect(await named.source.check?.()).toBe("1 column: a (3.csv)");
  });
});
