/** `POST /crm/v3/objects/{type}/merge`. */
import { invalid, notFound } from "../api-error.ts";
import type { ApiAnswer } from "../api-error.ts";
import { asObject } from "../search/request.ts";
import { recordWriter } from "../serialise.ts";
import type { ObjectStore } from "../store.ts";
import type { StoredRecord } from "../stored-record.ts";
import type { Account, ApiRequest } from "./api-request.ts";

/** Merges two records and what they are associated with. Throws RangeError for ids that are not there or the same. */
export function mergeRecords(
  account: Account,
  store: ObjectStore,
  { primaryId, loserId }: { primaryId: string; loserId: string },
): StoredRecord {
  const before = [primaryId, loserId].map((id) => store.live(id));
  const winner = store.merge(primaryId, loserId, account.mergesInto);
  for (const loser of before.filter((record) => record !== winner)) {
    for (const view of account.associations.from(store.type.name)) view.move(loser, winner);
  }
  return winner;
}

/** Answers with the record that is left. Throws ApiError: 404 for ids that are not there, 400 for one and the same. */
export function answerMerge(request: ApiRequest, store: ObjectStore, account: Account): ApiAnswer {
  const body = asObject(request.body, "the request body");
  const [primaryId, loserId] = ["primaryObjectId", "objectIdToMerge"].map((name) => {
    const value = body[name];
    if (typeof value !== "string" && typeof value !== "number")
      throw invalid(`Some required fields were not set: [${name}]`);
    return String(value);
  }) as [string, string];
  if (primaryId === loserId) throw invalid(`${store.type.label} ${primaryId} cannot be merged with itself.`);
  for (const id of [primaryId, loserId]) {
    const record = store.get(id);
    if (!record || record.state.removed || record.state.archivedMs !== undefined)
      throw notFound(`${store.type.label} ${id} does not exist.`);
  }
  const winner = mergeRecords(account, store, { primaryId, loserId });
  return { status: 200, body: recordWriter(store, [], "null")(winner, winner.state) };
}
