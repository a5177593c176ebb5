/** Certificates that sign themselves, for servers on 127.0.0.1, which are db.example.com as well. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** In PEM. The certificate is its own authority. */
export interface Certificate {
  cert: string;
  key: string;
}

/** Makes one. Throws what openssl printed. */
export function selfSigned(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "etl-certificate-"));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const name = ["-subj", "/CN=etl test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:db.example.com"];
  try {
    execFileSync("openssl", ["req", "-x509", ...kind, ...name, "-out", cert, "-keyout", key], { stdio: "pipe" });
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
