import { type CompileValidator, fail, readOptions, trimmed } from "./contract.ts";

/** RFC 5321's limits: 64 characters before the @, 254 in all. */
const maxLocal = 64;
const maxTotal = 254;
/** RFC 5322's dot-atom, with letters of any script (RFC 6531); no quoted parts: nobody's address has one. */
const localForm = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const labelForm = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?$/u;

export const emailOptions = ["blocked_domains"];

/**
 * email: one address with a domain of two labels or more. Gives it trimmed and in lower case.
 * Option `blocked_domains`: domains that are refused, with all that lies below them.
 */
export const email: CompileValidator = (options) => {
  const blocked = (readOptions("email", emailOptions, options).list("blocked_domains") ?? []).map((domain) =>
    String(domain).trim().toLowerCase().replace(/^@/, ""),
  );
  return (value) => {
    const address = trimmed(value).toLowerCase();
    const at = address.lastIndexOf("@");
    const domain = address.slice(at + 1);
    if (address.length > maxTotal || at < 1 || at > maxLocal) fail("not an e-mail address");
    if (!localForm.test(address.slice(0, at)) || !isDomain(domain)) fail("not an e-mail address");
    const block = blocked.find((name) => domain === name || domain.endsWith(`.${name}`));
    return block === undefined ? address : fail(`an e-mail address of a blocked domain (${block})`);
  };
};

function isDomain(domain: string): boolean {
  const labels = domain.split(".");
  const top = labels.at(-1) ?? "";
  // No top-level domain is all digits: that would be an IP address.
  return labels.length >= 2 && labels.every((label) => labelForm.test(label)) && /^\D/u.test(top) && top.length >= 2;
}
