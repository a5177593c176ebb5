/**
 * AES-256-GCM over one secret. The text that is stored names how its key came to be, so that it can be read again
 * with nothing but the key: `v1.raw..IV.TAG.DATA` or `v1.scrypt.SALT.IV.TAG.DATA`, parts in base64url.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { FatalError, SpecError } from "../../errors.ts";

export interface CredentialCipher {
  /** @param name is bound to the secret: its text is worth nothing under another name. */
  encrypt(name: string, secret: string): string;
  /** Throws FatalError for another key, another name, or a text that was changed. */
  decrypt(name: string, ciphertext: string): string;
}

/** 2^15 × 8 × 128 bytes: 32 MB and 60 to 100 ms for a guess. */
const scryptCost = { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 };
const shortestPassphrase = 12;
/** GCM's own sizes: NIST SP 800-38D, section 5.2.1.1 and 5.2.1.2. */
const ivBytes = 12;
const tagBytes = 16;

/**
 * A cipher with the key of an environment variable: 32 bytes in hex (64 digits) or base64 (44 characters) as they
 * are, anything else as a passphrase through scrypt with a salt of its own for each secret.
 * @param variable its name, for messages.
 * @throws SpecError for a passphrase that is too short to be one.
 */
export function credentialCipher(key: string, variable: string): CredentialCipher {
  const raw = rawKey(key);
  if (!raw && key.length < shortestPassphrase) {
    throw new SpecError(
      `${variable} is neither 32 bytes in base64 or hex (openssl rand -base64 32) nor a passphrase of at least ${shortestPassphrase} characters`,
    );
  }
  const derived = new Map<string, Buffer>();
  const derive = (salt: string): Buffer => {
    const known = derived.get(salt) ?? scryptSync(key, Buffer.from(salt, "base64url"), 32, scryptCost);
    derived.set(salt, known);
    return known;
  };
  return {
    encrypt(name, secret) {
      const salt = raw ? "" : randomBytes(16).toString("base64url");
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv("aes-256-gcm", raw ?? derive(salt), iv, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(name));
      const data = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
      const parts = [iv, cipher.getAuthTag(), data].map((part) => part.toString("base64url"));
      return ["v1", raw ? "raw" : "scrypt", salt, ...parts].join(".");
    },
    decrypt(name, ciphertext) {
      const [version, form, salt = "", ...parts] = ciphertext.split(".");
      const [iv, tag, data] = parts.map((part) => Buffer.from(part, "base64url"));
      if (version !== "v1" || !iv || !tag || !data || tag.length !== tagBytes) {
        throw new FatalError(`the credential ${name} is stored in a form that this version cannot read`);
      }
      const secretKey = form === "scrypt" && !raw ? derive(salt) : form === "raw" ? raw : undefined;
      if (!secretKey) throw wrongKey(name, variable);
      try {
        const decipher = createDecipheriv("aes-256-gcm", secretKey, iv, { authTagLength: tagBytes });
        decipher.setAAD(Buffer.from(name));
        decipher.setAuthTag(tag);
        return Buffer.concat([decipher.update(data), decipher.final()]).toString("utf8");
      } catch (cause) {
        throw wrongKey(name, variable, cause);
      }
    },
  };
}

function rawKey(key: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(key)) return Buffer.from(key, "hex");
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(key)) return Buffer.from(key, "base64");
  return undefined;
}

function wrongKey(name: string, variable: string, cause?: unknown): FatalError {
  return new FatalError(
    `the credential ${name} cannot be decrypted: ${variable} is not the key that it was stored with, or the stored text was changed`,
    { cause },
  );
}
