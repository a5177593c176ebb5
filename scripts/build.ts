/**
 * Makes dist/ of the published package from the sources: src/cli/main.ts and what it imports, as JavaScript. Node
 * refuses to strip types below node_modules, so a package cannot run the sources as a clone does.
 *
 * Dependencies stay outside: npm brings them. What a command or a pipeline loads when it needs it stays a file of its
 * own, and all files lie flat in dist/: from there schemas/, pipelines/ and package.json are one folder up.
 */
import { rmSync } from "node:fs";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

rmSync(`${root}dist`, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/cli/main.ts"],
  outdir: "dist",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node24",
  metafile: true,
  logLevel: "warning",
});

const files = Object.entries(metafile.outputs);
const nested = files.filter(([file]) => dirname(file) !== "dist").map(([file]) => file);
if (nested.length)
  throw new Error(`dist/ must be flat, or the package does not find its schemas: ${nested.join(", ")}`);
const strays = Object.keys(metafile.inputs).filter((file) => !/^(src|sandbox)\//.test(file));
if (strays.length) throw new Error(`only src/ and sandbox/ belong into the package, not ${strays.join(", ")}`);
const bytes = files.reduce((sum, [, output]) => sum + output.bytes, 0);
console.error(
  `${relative(process.cwd(), `${root}dist`) || "."}: ${files.length} files, ${Math.round(bytes / 1024)} KB`,
);
