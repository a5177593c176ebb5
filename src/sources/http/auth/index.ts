import type { Connection } from "../../../spec/types.ts";
import type { CredentialStore, SourceMetrics } from "../../contract.ts";
import type { Time } from "../time.ts";
import type { Authoriser } from "./contract.ts";
import { fixedAuthoriser } from "./fixed.ts";
import { tokenAuthoriser } from "./oauth2.ts";

export interface AuthOptions {
  connection: Connection;
  time: Time;
  metrics: SourceMetrics;
  /** Where rotated refresh tokens are kept; absent without ETL_CREDENTIALS_KEY. */
  credentials?: CredentialStore;
  /** Told every secret that is obtained or made while requests are sent, before it is used. */
  secret(value: string): void;
}

/**
 * The way in which a connection's requests are authorised. Throws SpecError for what can be known before the first
 * request: a template that cannot be read, a key that is none, a stored refresh token without a store.
 */
export function openAuthoriser(options: AuthOptions): Authoriser {
  const { connection, secret } = options;
  const { auth } = connection;
  return auth?.type === "oauth2" ? tokenAuthoriser(auth, options) : fixedAuthoriser(connection, secret);
}

export type { Authoriser, Credentials, Route, Token } from "./contract.ts";
