/**
 * Makes dist/ of the published package: src/cli/main.ts and what it imports, as JavaScript. Node refuses to strip types
 * below node_modules, so a package cannot run the sources as a clone does.
 *
 * Libraries that every run loads are built in (the devDependencies that src/ imports): as a few files instead of the
 * hundreds that npm would bring, they load in half the time. The `dependencies` of package.json stay outside, and npm
 * brings them: drivers, clouds' SDKs and libraries of one file, which gain little or nothing, are loaded when a
 * pipeline needs them, and get their fixes without a release of ours.
 *
 * What a command or a pipeline loads when it needs it stays a file of its own, and all files lie flat in dist/: from
 * there schemas/, pipelines/ and package.json are one folder up.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ajvStandalone from "ajv/dist/standalone/index.js";
import { build, type Plugin, transformSync } from "esbuild";
import { schemaNames, schemaOf, schemaReference } from "../src/spec/schema-files.ts";
import { ajvOfSchemas } from "../src/spec/validators.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Package {
  name: string;
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
}
const read = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Package;

/** The validators of all schemas and their definitions as code, where the sources make them when they run. */
const validators: Plugin = {
  name: "validators",
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]src[/\\]spec[/\\]validators\.ts$/ }, () => {
      const references = schemaNames.flatMap((name) => [
        schemaReference(name),
        ...Object.keys(schemaOf(name).$defs ?? {}).map((definition) => schemaReference(name, definition)),
      ]);
      const ajv = ajvOfSchemas({ code: { source: true, esm: true } });
      const names = Object.fromEntries(references.map((reference, index) => [`validator${index}`, reference]));
      const table = Object.entries(names).map(([name, reference]) => `${JSON.stringify(reference)}:${name}`);
      const find = `const all={${table.join(",")}};export const validatorOf=(reference)=>all[reference];`;
      const { code } = transformSync(`${ajvStandalone.default(ajv, names)}\n${find}`, { minify: true });
      return { contents: code, loader: "js", resolveDir: root };
    });
  },
};

rmSync(`${root}dist`, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ["src/cli/main.ts"],
  outdir: "dist",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  plugins: [validators],
  external: Object.keys(read(`${root}package.json`).dependencies ?? {}),
  format: "esm",
  platform: "node",
  target: "node24",
  // What is loaded stays in memory as text; names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  // Libraries in CommonJS require Node's own modules.
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
  metafile: true,
  logLevel: "warning",
});

const files = Object.entries(metafile.outputs);
const nested = files.filter(([file]) => dirname(file) !== "dist").map(([file]) => file);
if (nested.length)
  throw new Error(`dist/ must be flat, or the package does not find its schemas: ${nested.join(", ")}`);

/** The folder of the package that a file below node_modules belongs to. */
const folderOf = (file: string) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
const inputs = Object.keys(metafile.inputs);
const strays = inputs.filter((file) => !/^(src|sandbox)\//.test(file) && !folderOf(file));
if (strays.length)
  throw new Error(`only src/, sandbox/ and libraries belong into the package, not ${strays.join(", ")}`);

// Their licences ask for this: the text goes with every copy.
const builtIn = [...new Set(inputs.flatMap((file) => folderOf(file) ?? []))].sort();
const licences = builtIn.map((folder) => {
  const { name, version, license } = read(`${root}${folder}/package.json`);
  const file = readdirSync(`${root}${folder}`).find((name) => /^(licen[cs]e|copying)/i.test(name));
  if (!file) throw new Error(`${name} has no licence text: it cannot be built in`);
  return `${name} ${version} (${license})\n\n${readFileSync(`${root}${folder}/${file}`, "utf8").trim()}\n`;
});
writeFileSync(`${root}dist/licences.txt`, licences.join(`\n${"-".repeat(80)}\n\n`));

const bytes = files.reduce((sum, [, output]) => sum + output.bytes, 0);
console.error(
  `${relative(process.cwd(), `${root}dist`) || "."}: ${files.length} files, ${Math.round(bytes / 1024)} KB, ${builtIn.length} libraries built in`,
);
