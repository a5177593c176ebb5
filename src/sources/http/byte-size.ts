import { SpecError } from "../../errors.ts";

const units: Readonly<Record<string, number>> = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

/** Bytes of a size in a spec: `64MB`. Throws SpecError for anything else. */
export function parseByteSize(text: string): number {
  const match = /^(\d+)(KB|MB|GB)$/.exec(text);
  if (match === null) throw new SpecError(`"${text}" is not a size such as 64MB`);
  return Number(match[1]) * units[match[2]!]!;
}
