/** The request for a token: RFC 6749, sections 2.3.1, 4.4 and 6; RFC 7523, section 2.1. Pure. */
import type { AuthOauth2 } from "../../../spec/types.ts";
import { encodeQuery } from "../query.ts";
import { basicHeader } from "./fixed.ts";

export interface TokenRequest {
  headers: Record<string, string>;
  body: string;
  /** Whatever in it is secret, in the forms in which it is there. */
  secrets: string[];
}

const grantTypes = {
  refresh_token: "refresh_token",
  client_credentials: "client_credentials",
  jwt_bearer: "urn:ietf:params:oauth:grant-type:jwt-bearer",
} as const;

/** @param proof the refresh token or the assertion, for the grants that have one. */
export function tokenRequest(auth: AuthOauth2, proof: string | undefined): TokenRequest {
  const { grant, client_id, client_secret, scopes, params, send_as } = auth;
  const fields: Record<string, string> = { grant_type: grantTypes[grant], ...params };
  if (proof !== undefined) fields[grant === "refresh_token" ? "refresh_token" : "assertion"] = proof;
  if (scopes) fields["scope"] = scopes.join(" ");
  const headers: Record<string, string> = { accept: "application/json" };
  const secrets = [proof, client_secret].filter((text) => text !== undefined);
  if (send_as === "basic") {
    // Encoded as in a form before they are joined, so that an id may hold a colon.
    headers["authorization"] = basicHeader(formText(client_id ?? ""), formText(client_secret ?? ""));
    secrets.push(headers["authorization"].slice("Basic ".length));
  } else {
    if (client_id !== undefined) fields["client_id"] = client_id;
    if (client_secret !== undefined) fields["client_secret"] = client_secret;
  }
  headers["content-type"] = send_as === "json" ? "application/json" : "application/x-www-form-urlencoded";
  return { headers, body: send_as === "json" ? JSON.stringify(fields) : encodeQuery(Object.entries(fields)), secrets };
}

function formText(text: string): string {
  return encodeQuery([["", text]]).slice(1);
}
