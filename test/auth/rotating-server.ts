/**
 * An API whose token server replaces the refresh token with every use, and takes the second use of one for theft:
 * then no token of the family is good any more (RFC 9700, section 4.14.2).
 */
import { randomBytes } from "node:crypto";
import { json, type Seen, serve, type Served } from "../http/server.ts";
import { formOf } from "./support.ts";

export interface RotatingServer extends Served {
  /** The one refresh token that is good now. */
  refreshToken: string;
  /** Everything secret that it ever gave. */
  secrets: string[];
  /** Refresh tokens that were used twice. */
  stolen: string[];
  rotations: number;
  /** Requests for data. */
  reads: number;
}

export interface RotatingOptions {
  expires_in?: number;
  /** Milliseconds before a token is given. */
  delayMs?: number;
  /** Answers a request for data that carries a good token. */
  data?(request: Seen): object | Promise<object>;
}

export async function rotatingServer({
  expires_in = 1800,
  delayMs = 0,
  data,
}: RotatingOptions = {}): Promise<RotatingServer> {
  const fresh = (kind: string): string => {
    const token = `${kind}-${randomBytes(24).toString("base64url")}`;
    world.secrets.push(token);
    return token;
  };
  const good = new Map<string, number>();
  const used = new Set<string>();
  const served = await serve(async (request, response) => {
    if (request.path === "/token") {
      if (delayMs) await new Promise((resolve) => setTimeout(resolve, delayMs));
      const { refresh_token = "" } = formOf(request);
      if (used.has(refresh_token)) {
        world.stolen.push(refresh_token);
        good.clear();
        world.refreshToken = "revoked";
      }
      if (refresh_token !== world.refreshToken)
        return json(
          response,
          { error: "invalid_grant", error_description: `${refresh_token} is not good` },
          { status: 400 },
        );
      used.add(refresh_token);
      world.refreshToken = fresh("refresh");
      world.rotations++;
      const access_token = fresh("access");
      good.set(access_token, Date.now() + expires_in * 1000);
      return json(response, { access_token, refresh_token: world.refreshToken, expires_in });
    }
    world.reads++;
    const token = request.headers.authorization?.slice("Bearer ".length) ?? "";
    if ((good.get(token) ?? 0) < Date.now())
      return json(response, { message: `${token} has expired` }, { status: 401 });
    json(response, (await data?.(request)) ?? { ok: true });
  });
  const world: RotatingServer = Object.assign(served, {
    refreshToken: "",
    secrets: [],
    stolen: [],
    rotations: 0,
    reads: 0,
  });
  world.refreshToken = fresh("refresh");
  return world;
}
