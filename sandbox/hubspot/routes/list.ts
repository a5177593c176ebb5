/**
 * `GET /crm/v3/objects/{type}`: all records in the order of their ids. `after` stands for the last id of the page
 * before, so that records which change, come or go meanwhile shift nothing.
 */
import type { ApiAnswer } from "../api-error.ts";
import { recordWriter } from "../serialise.ts";
import type { ObjectStore } from "../store.ts";
import type { StoredRecord } from "../stored-record.ts";
import { flag, namedProperties, pageSize, refuseUnserved } from "./api-request.ts";
import type { ApiRequest } from "./api-request.ts";
import { readCursor, writeCursor } from "./cursor.ts";

const maxLimit = 100;

/** @throws ApiError (400) for a limit beyond 100 or an `after` that is none of ours. */
export function listObjects(request: ApiRequest, store: ObjectStore): ApiAnswer {
  const { query } = request;
  refuseUnserved(query, store.type);
  const limit = pageSize(query, 10, maxLimit);
  const archived = flag(query, "archived");
  const after = query.get("after");
  const start = after === null || after === "" ? 0 : store.placeAfter(readCursor(after, store.type.name));
  const write = recordWriter(store, namedProperties(query), "absent");

  // One more than the page, to know whether there is a next one.
  const page: StoredRecord[] = [];
  const records = store.ordered("number");
  for (let at = start; at < records.length && page.length <= limit; at++) {
    const record = records[at] as StoredRecord;
    if (!record.state.removed && (record.state.archivedMs !== undefined) === archived) page.push(record);
  }
  const results = page.slice(0, limit).map((record) => write(record, record.state));
  const last = page.length > limit ? page[limit - 1] : undefined;
  if (!last) return { status: 200, body: { results } };
  const next = writeCursor(last.id, store.type.name);
  const link = new URLSearchParams(query);
  link.set("after", next);
  return {
    status: 200,
    body: {
      results,
      paging: { next: { after: next, link: `${request.origin}${request.path}?${link}` } },
    },
  };
}
