/** Memory in a process of its own: what grows with the file would show there. */
import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { once } from "node:events";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { withFiles } from "./support.ts";

async function writeRows(file: string, count: number): Promise<void> {
  const stream = createWriteStream(file);
  stream.write("id,first_name,last_name,email,phone,city,state,zip,amount,updated_at\n");
  for (let index = 0; index < count; index++) {
    const row = `${index},First${index % 977},"Last, ${index % 1013}",user${index}@example.com,+1916555${index % 10_000},Sacramento,CA,${90_000 + (index % 6_000)},${index / 100},2025-01-19T09:00:00Z\n`;
    if (!stream.write(row)) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "finish");
}

/** Reads the file with the source in a new process; gives its peak memory in MB. */
async function peakMegabytes(folder: string, name: string, count: number): Promise<number> {
  const program = `
    import { openCsv, readRequest } from ${JSON.stringify(path.join(import.meta.dirname, "support.ts"))};
    const { source } = await openCsv({ path: ${JSON.stringify(name)} }, { folder: ${JSON.stringify(folder)} });
    let records = 0;
    for await (const page of source.read(readRequest())) records += page.records.length;
    console.log(JSON.stringify({ records, megabytes: process.resourceUsage().maxRSS / 1024 }));`;
  const flags = [
    "--max-semi-space-size=4",
    "--max-old-space-size=512",
    "--input-type=module-typescript",
    "--eval",
    program,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  const result = JSON.parse(stdout) as { records: number; megabytes: number };
  expect(result.records).toBe(count);
  return result.megabytes;
}

test("400,000 rows take no more memory than 100,000", async () => {
  await withFiles({}, async (folder) => {
    await writeRows(path.join(folder, "small.csv"), 100_000);
    await writeRows(path.join(folder, "large.csv"), 400_000);
    // The first start strips types, which costs memory of its own; the heap limits are those of bin/etl.js.
    await peakMegabytes(folder, "small.csv", 100_000);
    const small = await peakMegabytes(folder, "small.csv", 100_000);
    const large = await peakMegabytes(folder, "large.csv", 400_000);
    expect(large).toBeLessThan(150);
    // The garbage collector's own spread between two runs of one file is half of that.
    expect(large - small).toBeLessThan(25);
  });
});
