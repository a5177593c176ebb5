/** Keys of a connection's auth that go together, or do not. */
import { helperNames } from "../template/index.ts";
import type { SpecDocument } from "./document.ts";
import { unknownKeys } from "./schema.ts";
import { tree, type Tree } from "./tree.ts";
import { checkDuration } from "./check-times.ts";

/** What each grant stands on, and what only it takes. */
const grants: Readonly<Record<string, { needs: readonly string[]; owns: readonly string[] }>> = {
  refresh_token: { needs: ["refresh_token"], owns: ["refresh_token"] },
  client_credentials: { needs: ["client_id", "client_secret"], owns: [] },
  jwt_bearer: { needs: ["assertion"], owns: ["assertion"] },
};

/** Names of the token request that the grant itself fills in. */
const ownParams = ["grant_type", "client_id", "client_secret", "refresh_token", "assertion", "scope"];
const reservedVars = ["now", "vars"];

/**
 * Checks what the schema cannot say about `auth`.
 * @param variables of the environment: a stored refresh token needs the key of the store.
 */
export function checkAuth(document: SpecDocument, data: Tree, variables: Record<string, string | undefined>): void {
  const auth = tree(data["auth"]);
  if (auth["type"] === "header") checkVars(document, tree(auth["vars"]));
  if (auth["type"] !== "oauth2") return;
  checkGrant(document, auth);
  checkTokenRequest(document, auth);
  checkDuration(document, ["auth", "assertion", "expires_in"], tree(auth["assertion"])["expires_in"]);
  if (tree(auth["refresh_token"])["stored"] !== undefined && !variables["ETL_CREDENTIALS_KEY"]) {
    document.add(
      ["auth", "refresh_token"],
      "E405",
      "the environment variable ETL_CREDENTIALS_KEY is not set: it is the key of the credential store, which holds this refresh token",
    );
  }
}

function checkVars(document: SpecDocument, vars: Tree): void {
  for (const name of Object.keys(vars)) {
    if (reservedVars.includes(name) || helperNames.has(name)) {
      document.add(
        ["auth", "vars", name],
        "E412",
        `"${name}" is a word of templates itself: give this value another name`,
        { target: "key" },
      );
    }
  }
}

function checkGrant(document: SpecDocument, auth: Tree): void {
  const grant = String(auth["grant"]);
  const rule = Object.hasOwn(grants, grant) ? grants[grant]! : undefined;
  if (!rule) return;
  // A misspelt key is a problem already, and the one that is missing.
  const complete = unknownKeys("connection", "auth_oauth2", auth).length === 0;
  for (const key of rule.needs) {
    if (auth[key] === undefined && complete) document.add(["auth", "grant"], "E412", `the grant ${grant} needs ${key}`);
  }
  for (const [other, { owns }] of Object.entries(grants)) {
    for (const key of other === grant ? [] : owns) {
      if (auth[key] !== undefined)
        document.add(["auth", key], "E412", `${key} is for the grant ${other}; this one is ${grant}`, {
          target: "key",
        });
    }
  }
  if (
    auth["client_secret"] !== undefined &&
    auth["client_id"] === undefined &&
    complete &&
    !rule.needs.includes("client_id")
  ) {
    document.add(["auth", "client_secret"], "E412", "client_secret needs client_id: whose secret it is", {
      target: "key",
    });
  }
  if (
    auth["send_as"] === "basic" &&
    grant !== "client_credentials" &&
    complete &&
    (auth["client_id"] === undefined || auth["client_secret"] === undefined)
  ) {
    document.add(["auth", "send_as"], "E412", "send_as: basic needs client_id and client_secret");
  }
}

function checkTokenRequest(document: SpecDocument, auth: Tree): void {
  const url = auth["token_url"];
  if (typeof url === "string" && url !== "" && (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))) {
    document.add(
      ["auth", "token_url"],
      "E105",
      "token_url must be an http(s) address, such as https://login.example.com/oauth/token",
    );
  }
  for (const name of Object.keys(tree(auth["params"]))) {
    if (ownParams.includes(name))
      document.add(
        ["auth", "params", name],
        "E412",
        `${name} is filled in by auth itself: ${name === "scope" ? "write scopes: [...]" : name === "grant_type" ? "write grant" : `write ${name} in auth`}`,
        { target: "key" },
      );
  }
}
