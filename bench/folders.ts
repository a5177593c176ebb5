/** Folders of the benchmark that are no part of the repository. */
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
/** Generated data, the installed package, specs and logs of runs. */
export const workFolder = process.env["BENCH_WORK"] ?? fileURLToPath(new URL(".work", import.meta.url));
/** A virtual environment of Python for each peer that needs one. */
export const venvFolder = fileURLToPath(new URL(".venv", import.meta.url));
