/** Problems of a spec: collected, never thrown one by one, and shown with the place they are at. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";

export interface Problem {
  /** As the user named it, relative to the working directory where that is shorter. */
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  severity: "error" | "warning";
  /** Stable: E101. The list is in docs/validate.md. */
  code: string;
  message: string;
  /** How many characters the frame underlines. */
  length: number;
}

export type ProblemFormat = "text" | "json" | "github";

/** The path as a user reads it: relative when that does not lead out of the working directory. */
export function shownPath(file: string): string {
  const short = relative(process.cwd(), file);
  return short === "" || /^\.\.(?:[/\\]|$)/.test(short) ? file : short;
}

/** Problems in reading order, each place and message once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return [...problems]
    .sort(
      (a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column || a.code.localeCompare(b.code),
    )
    .filter((problem) => {
      const key = JSON.stringify([problem.file, problem.line, problem.column, problem.code, problem.message]);
      return !seen.has(key) && seen.add(key);
    });
}

/** `file:line:col E101 message` and the line it is on, underlined. */
function frame(problem: Problem, lines: readonly string[]): string {
  const head = `${problem.file}:${problem.line}:${problem.column} ${problem.severity === "warning" ? "warning " : ""}${problem.code} ${problem.message}`;
  const line = lines[problem.line - 1];
  if (line === undefined) return head;
  const gutter = String(problem.line).length;
  const before = lines[problem.line - 2];
  const shown =
    before === undefined || before.trim() === "" ? [] : [`  ${String(problem.line - 1).padStart(gutter)} | ${before}`];
  const length = Math.max(1, Math.min(problem.length, line.length - problem.column + 1));
  shown.push(
    `> ${problem.line} | ${line}`,
    `  ${" ".repeat(gutter)} | ${line.slice(0, problem.column - 1).replace(/[^\t]/g, " ")}${"^".repeat(length)}`,
  );
  return [head, ...shown].join("\n");
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split(/\r?\n/);
  } catch {
    return [];
  }
}

/** All problems as text with code frames, as JSON, or as GitHub's workflow commands. */
export function formatProblems(problems: readonly Problem[], format: ProblemFormat): string {
  const sorted = sortProblems(problems);
  if (format === "json") {
    return JSON.stringify(
      sorted.map(({ file, line, column, severity, code, message }) => ({
        file,
        line,
        column,
        severity,
        code,
        message,
      })),
      null,
      2,
    );
  }
  if (format === "github") {
    // https://docs.github.com/actions/reference/workflow-commands: these characters are escaped in data.
    const data = (text: string): string => text.replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
    const property = (text: string): string => data(text).replace(/:/g, "%3A").replace(/,/g, "%2C");
    return sorted
      .map(
        (p) =>
          `::${p.severity} file=${property(p.file)},line=${p.line},col=${p.column},title=${p.code}::${data(p.message)}`,
      )
      .join("\n");
  }
  const files = new Map<string, string[]>();
  return sorted
    .map((problem) => {
      const lines = files.get(problem.file) ?? linesOf(problem.file);
      files.set(problem.file, lines);
      return frame(problem, lines);
    })
    .join("\n\n");
}
