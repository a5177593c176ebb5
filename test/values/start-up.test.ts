import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const program = `
import { createRequire } from "node:module";
const { compileCoercion } = await import("./src/values/coerce.ts");
const { validators } = await import("./src/runtime/validators/index.ts");
const { compileTimestampParser } = await import("./src/values/instant.ts");
const loaded = () => ["luxon", "libphonenumber-js"].filter((name) =>
  Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("/node_modules/" + name + "/")));
const states = [];
compileCoercion("timestamp", { format: ["iso", "MM/dd/yyyy"] })("2025-01-02T03:04:05+01:00", () => {});
validators.phone({ country: "US" })("(415) 555-0123");
states.push(loaded());
compileTimestampParser({ timeZone: "America/Los_Angeles" });
states.push(loaded());
validators.phone({})("+44 20 7946 0958");
states.push(loaded());
console.log(JSON.stringify(states));
`;

test("Luxon and libphonenumber are loaded by the first value that needs them, not before", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  expect(JSON.parse(stdout)).toEqual([[], ["luxon"], ["luxon", "libphonenumber-js"]]);
});
