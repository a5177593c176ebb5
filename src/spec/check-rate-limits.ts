/** Budgets of a connection, and what a pipeline's requests take from them. */
import { slowRegex } from "./check-regexes.ts";
import type { Path, SpecDocument } from "./document.ts";
import { jobParts } from "./expression-sites.ts";
import { unknownKeys } from "./schema.ts";
import { checkDuration } from "./check-times.ts";
import { list, tree, type Tree } from "./tree.ts";
import type { Connection } from "./types.ts";
import { regexProblem } from "./validator-options.ts";

/** Checks what the schema cannot say about a connection's `rate_limits`. */
export function checkRateLimits(document: SpecDocument, limits: unknown): void {
  const names = new Map<string, number>();
  list(limits).forEach((value, index) => {
    const limit = tree(value);
    const at = ["rate_limits", index];
    checkDuration(document, [...at, "per"], limit["per"]);
    checkPathPattern(document, [...at, "match", "path"], tree(limit["match"])["path"]);
    checkSize(document, at, limit);
    checkHeaders(document, at, limit);
    const { name } = limit;
    if (typeof name !== "string") return;
    if (names.has(name))
      document.add(
        [...at, "name"],
        "E412",
        `two budgets are called "${name}": messages and metrics could not tell them apart`,
      );
    names.set(name, index);
  });
}

function checkSize(document: SpecDocument, at: Path, limit: Tree): void {
  const { requests, cost, burst, reserve } = limit;
  if (requests !== undefined && cost !== undefined)
    document.add([...at, "cost"], "E412", "a budget counts requests or cost, not both: take one away", {
      target: "key",
    });
  if (requests === undefined && cost === undefined) {
    if (unknownKeys("connection", "rate_limit", limit).length === 0 && Object.keys(limit).length > 0)
      document.add(at, "E412", "a budget needs requests, or cost: how much of it there is");
    return;
  }
  const size = requests ?? cost;
  if (typeof size !== "number") return;
  if (typeof burst === "number" && burst > size)
    document.add([...at, "burst"], "E412", `burst ${burst} is beyond the budget, ${size}`);
  if (typeof reserve === "number" && reserve >= size)
    document.add([...at, "reserve"], "E412", `the reserve, ${reserve}, leaves nothing of the budget, ${size}`);
  if (typeof reserve === "string" && Number.parseFloat(reserve) >= 100)
    document.add([...at, "reserve"], "E412", `the reserve, ${reserve}, leaves nothing of the budget`);
}

function checkHeaders(document: SpecDocument, at: Path, limit: Tree): void {
  const { used, used_header, remaining_header } = limit;
  if (used !== undefined && used_header === undefined && unknownKeys("connection", "rate_limit", limit).length === 0)
    document.add([...at, "used"], "E412", "used reads the text of used_header: name that header", { target: "key" });
  if (used_header !== undefined && remaining_header !== undefined)
    document.add(
      [...at, "used_header"],
      "E412",
      "remaining_header says what used_header could only tell in another way: take one away",
      { target: "key" },
    );
}

function checkPathPattern(document: SpecDocument, path: Path, pattern: unknown): void {
  if (typeof pattern !== "string") return;
  const problem = regexProblem(pattern, "");
  const slow = problem === undefined ? slowRegex(pattern, "") : undefined;
  if (problem !== undefined) document.add(path, "E414", `path is not a regular expression: ${problem}`);
  else if (slow) document.add(path, slow.code, slow.message, { severity: slow.severity });
}

/** A request that costs more than a budget ever holds would never be sent. */
export function checkCost(document: SpecDocument, spec: Tree, connection: Connection | undefined): void {
  const source = tree(spec["source"]);
  const largest = (connection?.rate_limits ?? []).filter(({ cost }) => cost !== undefined);
  const jobs = (at: string[]): string[][] => jobParts.map((part) => [...at, "job", part]);
  const over = ["source", "incremental"];
  for (const at of [["source", "request"], [...over, "request"], ...jobs(["source"]), ...jobs(over)]) {
    const { cost } = at.slice(1).reduce((map, key) => tree(map[key]), source);
    const price = typeof cost === "string" ? Number(cost) : cost;
    const short = largest.find((limit) => typeof price === "number" && price > (limit.cost as number));
    if (short)
      document.add(
        [...at, "cost"],
        "E412",
        `cost ${String(cost)} is more than a budget of the connection ever holds: ${short.cost} per ${short.per}`,
      );
  }
}
