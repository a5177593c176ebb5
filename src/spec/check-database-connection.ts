/** A connection of type database: one way to the server, and only keys that its dialect takes. */
import type { Path, SpecDocument } from "./document.ts";
import type { Tree } from "./tree.ts";

function add(document: SpecDocument, path: Path, message: string): void {
  document.add(path, "E412", message, { target: "key" });
}

const urlSchemes: Readonly<Record<string, RegExp>> = {
  mysql: /^(?:mysql|mariadb):$/,
  postgres: /^postgres(?:ql)?:$/,
  sqlite: /^sqlite:$/,
};
const athenaKeys = [
  "region",
  "workgroup",
  "catalog",
  "output",
  "endpoint",
  "access_key_id",
  "secret_access_key",
  "session_token",
];
const serverKeys = ["url", "host", "port", "user", "password", "tls"];

/** Checks what the schema cannot say about a connection of type database, its variables filled in. */
export function checkDatabaseConnection(document: SpecDocument, data: Tree): void {
  const { dialect, url } = data;
  if (typeof dialect !== "string") return;
  const given = (keys: readonly string[]): string[] => keys.filter((key) => data[key] !== undefined);
  const others = dialect === "athena" ? given(serverKeys) : given(athenaKeys);
  for (const key of others)
    add(
      document,
      [key],
      `${key} is not for dialect ${dialect}: it ${dialect === "athena" ? "is reached by region, database and output" : "is for athena"}`,
    );
  if (url !== undefined) {
    for (const key of given(["host", "port", "database", "user"]))
      add(document, [key], `a connection has a url or ${key}, not both: take one away`);
    if (typeof url === "string") checkUrl(document, dialect, url);
  } else if (dialect === "sqlite") {
    if (data["database"] === undefined) add(document, ["dialect"], "sqlite needs a file: database: orders.db");
    for (const key of given(["host", "port", "user", "password"]))
      add(document, [key], `${key} is not for dialect sqlite, which reads a file`);
  }
  if (dialect === "athena" && data["database"] === undefined)
    add(document, ["dialect"], "athena needs the database that its tables are in");
}

function checkUrl(document: SpecDocument, dialect: string, url: string): void {
  const scheme = urlSchemes[dialect];
  if (!scheme || url === "") return;
  if (dialect !== "sqlite" && !URL.canParse(url)) {
    document.add(
      ["url"],
      "E105",
      `url must be an address such as ${dialect}://user:password@host/name; what is special in a password is written %40 for @, %2F for / and so on`,
    );
    return;
  }
  const written = /^[a-z0-9+.-]+:/i.exec(url)?.[0].toLowerCase() ?? "";
  if (!scheme.test(written))
    document.add(
      ["url"],
      "E412",
      `url begins with ${written || "no scheme"}, and the dialect is ${dialect}: write ${dialect}://…`,
    );
}
