/** `GET /crm/v3/owners`: who may own a record. Ids are those in `hubspot_owner_id`. */
import type { ApiAnswer } from "../api-error.ts";
import { notFound } from "../api-error.ts";
import { flag, pageSize } from "./api-request.ts";
import type { Account, ApiRequest } from "./api-request.ts";
import { readCursor, writeCursor } from "./cursor.ts";

/** At most 100 a page, archived ones on a list of their own; `email` finds one. */
export function listOwners(request: ApiRequest, account: Account): ApiAnswer {
  const { query } = request;
  const limit = pageSize(query, 100, 100);
  const archived = flag(query, "archived");
  const email = query.get("email")?.toLowerCase();
  const after = query.get("after");
  const last = after === null || after === "" ? 0 : Number(readCursor(after, "owners"));
  const rest = account.owners
    .list()
    .filter(
      (owner) =>
        owner.archived === archived && (email === undefined || owner.email === email) && Number(owner.id) > last,
    );
  const results = rest.slice(0, limit);
  const end = rest.length > limit ? results.at(-1) : undefined;
  if (!end) return { status: 200, body: { results } };
  const next = writeCursor(end.id, "owners");
  const link = new URLSearchParams(query);
  link.set("after", next);
  return {
    status: 200,
    body: { results, paging: { next: { after: next, link: `${request.origin}${request.path}?${link}` } } },
  };
}

/** `GET /crm/v3/owners/{id}`. Throws ApiError (404). */
export function readOwner(request: ApiRequest, id: string, account: Account): ApiAnswer {
  const archived = flag(request.query, "archived");
  const owner = account.owners.list().find((one) => one.id === id && one.archived === archived);
  if (!owner) throw notFound();
  return { status: 200, body: owner };
}
