/** The files that a source's `path` means. */
import type { Stats } from "node:fs";
import { glob, stat } from "node:fs/promises";
import path from "node:path";
import { FatalError, messageOf, SpecError } from "../../errors.ts";

export interface FoundFile {
  /** Absolute. */
  file: string;
  /** Relative to the spec's folder, with `/`: the file's name in messages and the name of its slice. */
  name: string;
}

/**
 * A file, or every file that a glob matches (`*`, `**`, `?`, `[…]`, `{a,b}`; not those that begin with a dot), in
 * the order of their names, so that a run that is resumed meets them in the same order.
 * @param folder what a relative path starts from
 * @throws FatalError when there is no such file (it may only be late); SpecError for a folder
 */
export async function findFiles(pattern: string, folder: string): Promise<FoundFile[]> {
  const absolute = path.resolve(folder, pattern);
  const found = await statOf(absolute, pattern);
  // A file that is really called `data[1].csv` is meant before the glob that its name makes.
  if (found?.isDirectory()) {
    const wanted = path.posix.join(pattern, "*.csv");
    throw new SpecError(`source.path ${pattern} is a folder (${absolute}); write ${wanted} for the CSV files in it`);
  }
  if (found) return [named(absolute, folder)];
  if (!/[*?{[]/.test(pattern)) {
    throw new FatalError(
      `no file ${pattern} in ${folder} (looked for ${absolute}); is source.path right, and has the file arrived?`,
    );
  }
  const files: FoundFile[] = [];
  for await (const match of glob(pattern, { cwd: folder })) {
    const file = path.resolve(folder, match);
    if ((await statOf(file, match))?.isDirectory() === false) files.push(named(file, folder));
  }
  if (files.length === 0) {
    throw new FatalError(`no file matches ${pattern} in ${folder}; is source.path right, and have the files arrived?`);
  }
  return files.sort((left, right) => (left.name < right.name ? -1 : 1));
}

function named(file: string, folder: string): FoundFile {
  return { file, name: path.relative(folder, file).split(path.sep).join("/") };
}

/** Undefined where there is nothing. */
async function statOf(file: string, shown: string): Promise<Stats | undefined> {
  try {
    return await stat(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return undefined;
    throw new FatalError(`${shown} cannot be looked at: ${messageOf(error)}`, { cause: error });
  }
}
