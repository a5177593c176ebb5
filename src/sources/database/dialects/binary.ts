/** Bytes, which no record can hold as they are. */
import { SpecError } from "../../../errors.ts";

/** Writes bytes as the source's `binary` says. */
export function readBytes(value: Uint8Array, binary: "fail" | "base64" | "hex", column: string): string {
  if (binary === "fail") throw refusedBinary(column, "binary");
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString(binary);
}

/** A column of bytes is read only where the spec says how. */
export function refusedBinary(column: string, type: string): SpecError {
  return new SpecError(
    `column ${column} is ${type}: leave it out, or say binary: base64 (or hex) in the source to have its bytes as text`,
  );
}
