/** The log: pino, one readable line an event on stderr, or JSON lines; secrets masked whatever the event holds. */
import { pino, type Logger } from "pino";
import type { SecretMask } from "./masking.ts";

export interface LogOptions {
  level: "debug" | "info" | "warn" | "error";
  format: "text" | "json";
  mask: SecretMask;
  /** Takes whole lines, without the line's end. */
  write(line: string): void;
}

const levels: Record<number, string> = { 10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARN", 50: "ERROR", 60: "FATAL" };

/** `2025-01-01T00:00:00.000Z INFO  Starting hubspot contacts sync (full)` */
function textLine(json: string): string {
  const event = JSON.parse(json) as {
    time: number;
    level: number;
    msg?: string;
    err?: { message?: string; stack?: string };
  };
  const head = `${new Date(event.time).toISOString()} ${(levels[event.level] ?? "INFO").padEnd(5)} ${event.msg ?? ""}`;
  return event.err?.stack ? `${head}\n${event.err.stack}` : head;
}

/** Makes the log of a command. */
export function createLog({ level, format, mask, write }: LogOptions): Logger {
  return pino(
    { level, base: null },
    {
      write(line: string) {
        const text = line.trimEnd();
        write(mask.mask(format === "json" ? text : textLine(text)));
      },
    },
  );
}
