/** `POST /crm/v3/objects/{type}/search`. */
import type { ApiAnswer } from "../api-error.ts";
import { recordWriter } from "../serialise.ts";
import { parseSearch } from "../search/request.ts";
import { runSearch } from "../search/run.ts";
import type { ObjectStore } from "../store.ts";
import type { Account, ApiRequest } from "./api-request.ts";

/**
 * `total` counts what the filters find now; `paging.next.after` is an offset into that, and stands there also where
 * the next page would be refused for lying beyond 10,000.
 */
export function searchObjects(request: ApiRequest, store: ObjectStore, account: Account): ApiAnswer {
  const search = parseSearch(request.body, store.type);
  const atMs = account.indexLagMs > 0 ? account.now().getTime() - account.indexLagMs : undefined;
  const { total, page } = runSearch(store, search, { idOrder: account.idOrder, atMs });
  const write = recordWriter(store, search.properties, "null");
  const results = page.map(({ record, state }) => write(record, state));
  const next = search.offset + page.length;
  const paging = next < total && page.length > 0 ? { paging: { next: { after: String(next) } } } : {};
  return { status: 200, body: { total, results, ...paging } };
}
