/** Warnings and rejects in the log: of one field and rule the first ten, then a count. */
import type { Logger } from "pino";
import type { Failure, Warning } from "./mapping/index.ts";

const shownEach = 10;
const longestValue = 120;

export interface Told {
  /** Counts by `field: rule`, for the history. */
  readonly warnings: Record<string, number>;
  readonly rejects: Record<string, number>;
}

export interface RecordLabel {
  system: string;
  entity: string;
  /** `id=123`. */
  label: string;
  /** `123`. */
  id: string;
  url?: string;
}

// oxlint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u001f\u2028\u2029]/g;

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

/** A value that is no date, rejected or stored as NULL: operators look for one and the same line. */
function isDate({ stage, rule }: Warning): boolean {
  return stage === "coerce" && /^(date|time|timestamp)$/.test(rule);
}

function dateText({ value, field }: Warning, { system, id }: Pick<RecordLabel, "system" | "id">): string {
  return `Failed to parse date value: '${shown(value)}' in field '${field}' for ${system} ${id}`;
}

export class Teller implements Told {
  readonly warnings: Record<string, number> = {};
  readonly rejects: Record<string, number> = {};
  readonly #log: Logger;
  readonly #all: boolean;

  /** @param all `--debug`: every line is shown. */
  constructor(log: Logger, all: boolean) {
    this.#log = log;
    this.#all = all;
  }

  warn(warning: Warning, record: () => RecordLabel): void {
    if (!this.#counts(this.warnings, warning)) return;
    const { label, system, id } = record();
    if (isDate(warning)) this.#tell("warn", dateText(warning, { system, id }));
    else if (warning.field === "")
      this.#tell("warn", `Validation warning for rule '${warning.rule}' (Record: ${label}): ${warning.message}`);
    else
      this.#tell(
        "warn",
        `Validation warning for field '${warning.field}' with value '${shown(warning.value)}' (Record: ${label}): ${warning.message}`,
      );
  }

  reject(failure: Failure, record: () => RecordLabel): void {
    if (!this.#counts(this.rejects, failure)) return;
    const { system, entity, label, id, url } = record();
    const { stage, field, rule, value, message } = failure;
    if (isDate(failure)) this.#tell("error", dateText(failure, { system, id }));
    else if (stage === "coerce" || stage === "validate")
      this.#tell(
        "error",
        `Strict validation failed for field '${field}' with value '${shown(value)}' (Record: ${label}): ${message}`,
      );
    else if (stage === "rule")
      this.#tell("error", `Strict validation failed for rule '${rule}' (Record: ${label}): ${message}`);
    else
      this.#tell(
        "error",
        `Error processing ${entity} ${id}: ${field ? `${field} ` : ""}${message}${url ? ` - CRM URL: ${url}` : ""} - Context: ${JSON.stringify({ stage, rule, ...(field ? { field } : {}) })}`,
      );
  }

  /** Whatever the data holds, it is one line: a line break in a value must not look like a line of ours. */
  #tell(level: "warn" | "error", text: string): void {
    this.#log[level](text.replace(controlCharacters, (character) => JSON.stringify(character).slice(1, -1)));
  }

  /** What was not shown, as one line a field and rule. */
  close(): void {
    if (this.#all) return;
    for (const [kind, counts] of [
      ["validation warnings", this.warnings],
      ["rejects", this.rejects],
    ] as const) {
      for (const [name, count] of Object.entries(counts))
        if (count > shownEach) this.#tell("warn", `…and ${count - shownEach} more ${kind} for ${name}`);
    }
  }

  #counts(counts: Record<string, number>, { field, rule }: { field: string; rule: string }): boolean {
    const name = field ? `${field}: ${rule}` : rule;
    const count = (counts[name] = (counts[name] ?? 0) + 1);
    return this.#all || count <= shownEach;
  }
}
