import { hash } from "node:crypto";

/**
 * 53 bits of a value's JSON text: among a million records, two different ones have the same hash once in 18,000
 * reads (birthday bound).
 */
export function hashOf(value: unknown): number {
  const digest = hash("sha1", JSON.stringify(value) ?? "", "buffer");
  return (digest.readUInt32BE(0) & 0x1f_ffff) * 2 ** 32 + digest.readUInt32BE(4);
}
