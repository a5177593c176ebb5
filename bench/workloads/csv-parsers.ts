/** CSV parsers alone: ours beside the well-kept ones, each in a process of its own, on the file of W3. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { workFolder } from "../folders.ts";

/** Pinned; they come from npm into the folder of generated things. */
const packages = ["csv-parse@7.0.3", "papaparse@5.7.1", "udsv@0.7.3"];
const names = ["etl", "csv-parse", "papaparse", "udsv"];

interface Reading {
  rows: number;
  /** Characters of all fields. */
  characters: number;
  ms: number;
  peakMb: number;
}

/** Gives a line a parser: the best of some runs, interleaved. Throws where one reads other rows than we do. */
export function measureParsers(file: string, runs: number): string {
  const folder = install();
  const readings = new Map<string, Reading[]>(names.map((name) => [name, []]));
  const script = fileURLToPath(new URL("../parse-csv.ts", import.meta.url));
  for (let run = 0; run < runs; run++)
    for (const name of names) {
      const output = execFileSync(process.execPath, [script, name, file, folder], { encoding: "utf8" });
      readings.get(name)!.push(JSON.parse(output) as Reading);
    }
  const [own] = readings.get("etl")!;
  const best = (name: string): Reading => readings.get(name)!.toSorted((one, other) => one.ms - other.ms)[0]!;
  const base = best("etl");
  return names
    .map((name) => {
      const { rows, characters, ms, peakMb } = best(name);
      if (rows !== own!.rows || characters !== own!.characters)
        throw new Error(
          `${name} read ${rows} rows of ${characters} characters, etl ${own!.rows} of ${own!.characters}`,
        );
      const rate = Math.round((rows / ms) * 1000).toLocaleString("en");
      return `${name.padEnd(10)} ${rate.padStart(10)} rows/s  ${(base.ms / ms).toFixed(2)} of etl  ${peakMb.toFixed(0).padStart(4)} MB`;
    })
    .join("\n");
}

function install(): string {
  const folder = join(workFolder, "parsers");
  const stamp = join(folder, "installed.txt");
  const wanted = packages.join("\n");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, ...packages], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  writeFileSync(stamp, wanted);
  return folder;
}
