/** Associations, version 4: those of up to 1,000 records at once, those of one record, and what they can be called. */
import type { ApiAnswer } from "../api-error.ts";
import { invalid, notFound } from "../api-error.ts";
import type { Association, AssociationView } from "../associations/book.ts";
import { asArray, asObject } from "../search/request.ts";
import type { StoredRecord } from "../stored-record.ts";
import { pageSize } from "./api-request.ts";
import type { Account, ApiRequest } from "./api-request.ts";
import { readCursor, writeCursor } from "./cursor.ts";

/** Since 2025-02-10; source: the changelog entry "batch read limit for HubSpot associations API". */
const maxInputs = 1_000;
const maxLimit = 500;

/**
 * `POST /crm/v4/associations/{from}/{to}/batch/read`: each record has pages of its own, and its next one is asked for
 * with `{ id, after }`. 207 where some have none: they stand under `errors` and not under `results`.
 * Throws ApiError (400) for the whole batch where one id is no live record's.
 */
export function batchReadAssociations(request: ApiRequest, view: AssociationView, account: Account): ApiAnswer {
  const startedAt = account.now().toISOString();
  const inputs = readInputs(request.body);
  const records = inputs.map(({ id }) => view.from.resolve(id));
  if (!records.every((record) => isLive(record)))
    throw invalid(`One or more of the ${view.from.type.label} ids are not valid.`);

  const results: unknown[] = [];
  const errors: unknown[] = [];
  for (const [at, { after }] of inputs.entries()) {
    const from = records[at] as StoredRecord;
    const all = view.of(from);
    if (all.length === 0) errors.push(noAssociations(from, view));
    else {
      const { to, next } = pageOf(all, { view, from, after, size: account.associationsPageSize });
      const paging = next === undefined ? {} : { paging: { next: { after: next, link: `?after=${next}` } } };
      results.push({ from: { id: from.id }, to, ...paging });
    }
  }
  const answer = { status: "COMPLETE", results, startedAt, completedAt: account.now().toISOString() };
  if (errors.length === 0) return { status: 200, body: answer };
  return { status: 207, body: { ...answer, numErrors: errors.length, errors } };
}

/** `GET /crm/v4/objects/{from}/{id}/associations/{to}`: at most 500 a page; none is an empty list here. */
export function readAssociations(
  request: ApiRequest,
  id: string,
  { view, account }: { view: AssociationView; account: Account },
): ApiAnswer {
  const from = view.from.resolve(id);
  if (!isLive(from)) throw notFound();
  const size = Math.min(pageSize(request.query, maxLimit, maxLimit), account.associationsPageSize);
  const after = request.query.get("after") ?? undefined;
  const { to: results, next } = pageOf(view.of(from), { view, from, after, size });
  if (next === undefined) return { status: 200, body: { results } };
  const link = new URLSearchParams(request.query);
  link.set("after", next);
  return {
    status: 200,
    body: { results, paging: { next: { after: next, link: `${request.origin}${request.path}?${link}` } } },
  };
}

/** `GET /crm/v4/associations/{from}/{to}/labels`. */
export function listLabels(view: AssociationView): ApiAnswer {
  return { status: 200, body: { results: view.labels } };
}

function readInputs(body: unknown): Array<{ id: string; after: string | undefined }> {
  const request = asObject(body, "the request body");
  if (request["inputs"] === undefined) throw invalid("Some required fields were not set: [inputs]");
  const inputs = new Map<string, { id: string; after: string | undefined }>();
  for (const one of asArray(request["inputs"], "inputs")) {
    const { id, after } = asObject(one, "an input");
    const input = {
      id: typeof id === "string" || typeof id === "number" ? String(id) : "",
      after: after === undefined || after === null || after === "" ? undefined : String(after),
    };
    inputs.set(`${input.id} ${input.after ?? ""}`, input);
  }
  if (inputs.size > maxInputs)
    throw invalid(
      `The maximum number of inputs supported in a batch request is ${maxInputs}, but ${inputs.size} were sent.`,
    );
  return [...inputs.values()];
}

interface Page {
  view: AssociationView;
  from: StoredRecord;
  after: string | undefined;
  size: number;
}

/** One page in the order of the other records' making, so that those which come and go meanwhile shift nothing. */
function pageOf(all: readonly Association[], page: Page): { to: unknown[]; next: string | undefined } {
  const { view, from, size } = page;
  const list = `${view.from.type.name}/${from.id}/${view.to.type.name}`;
  const last = page.after === undefined ? -1 : Number(readCursor(page.after, list));
  const rest = all.filter(({ to }) => to.index > last);
  const to = rest.slice(0, size).map((one) => ({ toObjectId: shownId(from, one.to), associationTypes: one.types }));
  const end = rest.length > size ? rest[size - 1] : undefined;
  return { to, next: end && writeCursor(String(end.to.index), list) };
}

/** The specification says text and answers have had numbers: half of these are, where a double can hold them. */
function shownId(from: StoredRecord, to: StoredRecord): string | number {
  const asNumber = Number(to.id);
  return (from.index + to.index) % 2 === 0 && Number.isSafeInteger(asNumber) ? asNumber : to.id;
}

function noAssociations(from: StoredRecord, view: AssociationView): unknown {
  const [fromName, toName] = [view.from, view.to].map((store) => store.type.label.toLowerCase());
  return {
    status: "error",
    category: "OBJECT_NOT_FOUND",
    subCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
    message: `No ${toName} is associated with ${fromName} ${from.id}.`,
    context: { fromObjectId: [from.id], fromObjectType: [fromName], toObjectType: [toName] },
  };
}

function isLive(record: StoredRecord | undefined): record is StoredRecord {
  return record !== undefined && !record.state.removed && record.state.archivedMs === undefined;
}
