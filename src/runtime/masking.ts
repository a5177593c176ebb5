/** Secrets are masked by value: whatever the text, they do not come through. */

const shortest = 4;

/** In data a short one may be anything: the name of a street, a part of an id. */
const shortestInData = 12;

/** Replaces every known secret in a text, in the forms in which it may travel. */
export class SecretMask {
  #secrets: readonly string[] = [];
  #count = 0;
  readonly #source: ReadonlySet<string>;

  /** @param secrets may still grow: connections are loaded one after the other. */
  constructor(secrets: ReadonlySet<string>) {
    this.#source = secrets;
  }

  mask(text: string): string {
    if (this.#count !== this.#source.size) this.#learn();
    let masked = text;
    for (const secret of this.#secrets) if (masked.includes(secret)) masked = masked.replaceAll(secret, "***");
    return masked;
  }

  /** Masks in what shows data to a person: only what is too long to be anything else. */
  maskShown(text: string): string {
    if (this.#count !== this.#source.size) this.#learn();
    const long = this.#secrets.filter((secret) => secret.length >= shortestInData && text.includes(secret));
    return long.reduce((masked, secret) => masked.replaceAll(secret, "***"), text);
  }

  /** Masks within the texts of a JSON document: what a system gave us, which may repeat what we sent it. */
  maskData(json: string): string {
    if (this.#count !== this.#source.size) this.#learn();
    const found = this.#secrets.filter((secret) => secret.length >= shortestInData && json.includes(secret));
    if (found.length === 0) return json;
    return json.replace(/"(?:[^"\\]|\\.)*"/g, (text) =>
      found.reduce((masked, secret) => masked.replaceAll(secret, "***"), text),
    );
  }

  #learn(): void {
    this.#count = this.#source.size;
    const forms = [...this.#source].flatMap((secret) => {
      const password = passwordOf(secret);
      const parts = password === undefined ? [secret] : [secret, password, decoded(password)];
      return parts.flatMap((part) => [
        part,
        encodeURIComponent(part),
        JSON.stringify(part).slice(1, -1),
        Buffer.from(part).toString("base64"),
        Buffer.from(part).toString("base64url"),
      ]);
    });
    // The longest first: a secret may hold another one.
    this.#secrets = [...new Set(forms)].filter((form) => form.length >= shortest).sort((a, b) => b.length - a.length);
  }
}

/** The password inside an address (`postgres://user:password@host`), as it is written there. */
export function passwordOf(secret: string): string | undefined {
  return /^[a-z][\w+.-]*:\/\/[^:@/\s]*:([^@\s]+)@/i.exec(secret)?.[1];
}

/** A part of a URL without its escapes; as it stands where they are none. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
