/** `GET /crm/v3/objects/{type}/{id}` and `POST /crm/v3/objects/{type}/batch/read`. */
import type { ApiAnswer } from "../api-error.ts";
import { invalid, notFound } from "../api-error.ts";
import { asArray, asObject } from "../search/request.ts";
import { recordWriter } from "../serialise.ts";
import type { ObjectStore } from "../store.ts";
import type { StoredRecord } from "../stored-record.ts";
import { flag, namedProperties, refuseUnserved } from "./api-request.ts";
import type { Account, ApiRequest } from "./api-request.ts";

const maxInputs = 100;

/**
 * One record; archived ones only with `archived=true`. The id of a merged one gives the record that it is part of now.
 * Throws ApiError (404).
 */
export function readObject(request: ApiRequest, store: ObjectStore, id: string): ApiAnswer {
  refuseUnserved(request.query, store.type);
  const record = visible(store.resolve(id), flag(request.query, "archived"));
  if (!record) throw notFound();
  return {
    status: 200,
    body: recordWriter(store, namedProperties(request.query), "null")(record, record.state),
  };
}

/**
 * Up to 100 records by id, or by a property that `idProperty` names. 207 with `errors` where some are not there:
 * their ids stand in the error's context. Two ids that lead to one record, after a merge, give it once.
 */
export function batchRead(request: ApiRequest, store: ObjectStore, account: Account): ApiAnswer {
  const startedAt = account.now().toISOString();
  const body = asObject(request.body, "the request body");
  if (asArray(body["propertiesWithHistory"], "propertiesWithHistory").length > 0)
    throw invalid(`This sandbox does not serve propertiesWithHistory of ${store.type.name}.`);
  if (body["inputs"] === undefined) throw invalid("Some required fields were not set: [inputs]");
  const ids = new Set(
    asArray(body["inputs"], "inputs").map((input) => String(asObject(input, "an input")["id"] ?? "")),
  );
  if (ids.size > maxInputs)
    throw invalid(
      `The maximum number of inputs supported in a batch request is ${maxInputs}, but ${ids.size} were sent.`,
    );
  const write = recordWriter(store, asArray(body["properties"], "properties").map(String), "null");
  const archived = flag(request.query, "archived");
  const find = finder(store, body["idProperty"]);

  const found = new Set<StoredRecord>();
  const missing: string[] = [];
  for (const id of ids) {
    const record = visible(find(id), archived);
    if (record) found.add(record);
    else missing.push(id);
  }
  const results = Array.from(found, (record) => write(record, record.state));
  const answer = {
    status: "COMPLETE",
    results,
    startedAt,
    completedAt: account.now().toISOString(),
  };
  if (missing.length === 0) return { status: 200, body: answer };
  const message = `Could not get some ${store.type.label} objects, they may be deleted or not exist. Check that ids are valid.`;
  const errors = [{ status: "error", category: "OBJECT_NOT_FOUND", message, context: { ids: missing } }];
  return { status: 207, body: { ...answer, numErrors: errors.length, errors } };
}

/** How an input's `id` is looked up. Only e-mail addresses are unique besides the id itself. */
function finder(store: ObjectStore, idProperty: unknown): (id: string) => StoredRecord | undefined {
  if (idProperty === undefined || idProperty === null || idProperty === "hs_object_id")
    return (id) => store.resolve(id);
  if (idProperty !== "email" || !store.type.properties.has("email"))
    throw invalid(`Property "${String(idProperty)}" is not a unique identifier of ${store.type.name}.`);
  return (email) =>
    store
      .ordered("number")
      .find((record) => store.value(record, record.state, "email")?.toLowerCase() === email.toLowerCase());
}

function visible(record: StoredRecord | undefined, archived: boolean): StoredRecord | undefined {
  if (!record || record.state.removed) return undefined;
  return (record.state.archivedMs !== undefined) === archived ? record : undefined;
}
