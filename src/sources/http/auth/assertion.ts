/** A JSON Web Token that is signed anew for each token request: RFC 7519, RFC 7523. */
import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { messageOf, SpecError } from "../../../errors.ts";
import type { Assertion } from "../../../spec/types.generated.ts";
import { parseDuration } from "../../../values/instant.ts";

/** RFC 7518, section 3.1. An ECDSA signature is the two numbers side by side, not DER. */
const algorithms = {
  RS256: { hash: "sha256", key: "rsa" },
  RS512: { hash: "sha512", key: "rsa" },
  ES256: { hash: "sha256", key: "ec" },
} as const;

/**
 * Compiles an assertion: `(now) -> the signed token`, now in milliseconds since 1970.
 * @param connection its name, for messages.
 * @throws SpecError for a key that is not a private key in PEM, or not one of the algorithm's kind.
 */
export function compileAssertion(assertion: Assertion, connection: string): (now: number) => string {
  const { algorithm, claims, headers, expires_in } = assertion;
  const { hash, key: kind } = algorithms[algorithm];
  const key = readKey(assertion.key, connection);
  if (key.asymmetricKeyType !== kind) {
    throw new SpecError(
      `connection "${connection}": auth.assertion.key is of type ${String(key.asymmetricKeyType)}; ${algorithm} signs with ${kind === "rsa" ? "an RSA key" : "an EC key (P-256)"}`,
    );
  }
  const head = encode({ alg: algorithm, typ: "JWT", ...headers });
  const seconds = Math.round(parseDuration(expires_in) / 1000);
  return (now) => {
    const iat = Math.floor(now / 1000);
    const signed = `${head}.${encode({ iat, exp: iat + seconds, ...claims })}`;
    return `${signed}.${sign(hash, Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  };
}

/** The key as PEM; in a one-line environment variable its line breaks are written `\n`. */
export function pemOf(text: string): string {
  return text.replaceAll(String.raw`\n`, "\n");
}

function readKey(text: string, connection: string): KeyObject {
  try {
    return createPrivateKey(pemOf(text));
  } catch (cause) {
    // OpenSSL's words name no part of the key.
    throw new SpecError(
      `connection "${connection}": auth.assertion.key is not a private key in PEM (${messageOf(cause)}). It starts with -----BEGIN PRIVATE KEY-----, without a passphrase`,
      { cause },
    );
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
