/**
 * `/__sandbox/…`: what a test or a person at a shell may do to a running sandbox. It needs no token, and is neither
 * counted nor limited.
 *
 * GET    /__sandbox/stats?requests=true   DELETE to begin anew
 * GET    /__sandbox/records/{type}?properties=a,b
 * GET    /__sandbox/faults                POST a rule, DELETE all, DELETE /__sandbox/faults/{id} one
 * POST   /__sandbox/touch | archive | restore | remove {type, count | ids, properties}
 * POST   /__sandbox/create {type, count, properties}
 * POST   /__sandbox/merge {type, primaryId, loserId}
 * GET    /__sandbox/associations/{from}/{to}
 * POST   /__sandbox/associate | dissociate {from, to, pairs | count, typeIds, last, touch}
 * GET    /__sandbox/owners                POST /__sandbox/owners/{id} to change one
 * GET    /__sandbox/churn                 POST {touchesPerSecond, …} to start, DELETE to stop
 */
import type { ApiAnswer } from "./api-error.ts";
import { invalid, notFound } from "./api-error.ts";
import type { AssociationChange } from "./associations/change.ts";
import type { ChurnOptions } from "./churn.ts";
import { objectTypeOf } from "./object-type.ts";
import type { ObjectTypeName } from "./object-type.ts";
import { objectTypesWith } from "./object-types.ts";
import type { OwnerChange } from "./owner-book.ts";
import type { ApiRequest } from "./routes/api-request.ts";
import { namedProperties } from "./routes/api-request.ts";
import type { Choice } from "./store.ts";
import { asObject } from "./search/request.ts";
import type { HubspotSandbox } from "./sandbox.ts";

export const controlPrefix = "/__sandbox/";

type Change = Choice & { type?: ObjectTypeName; properties?: Record<string, string> };

/** Answers one control request. Throws ApiError for what it does not understand. */
export function answerControl(request: ApiRequest, sandbox: HubspotSandbox): ApiAnswer {
  const [what = "", ...ids] = request.path.slice(controlPrefix.length).split("/");
  const key = `${request.method} ${what}`;
  const action = Object.hasOwn(actions, key) ? actions[key] : undefined;
  if (!action) throw notFound(`no control endpoint ${request.method} ${request.path}`);
  try {
    return { status: 200, body: action(request, sandbox, ids) };
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError)
      throw invalid(error.message);
    throw error;
  }
}

type Action = (request: ApiRequest, sandbox: HubspotSandbox, ids: readonly string[]) => unknown;

const actions: Readonly<Record<string, Action>> = {
  "GET stats": ({ query }, sandbox) => {
    const { requests, ...rest } = sandbox.stats();
    return query.get("requests") === "true" ? { ...rest, requests } : rest;
  },
  "DELETE stats": (_, sandbox) => {
    sandbox.resetStats();
    return {};
  },
  "GET records": ({ query }, sandbox, [type = "contacts"]) => {
    const names = namedProperties(query);
    return { results: sandbox.all(typeOf(type, sandbox), names.length > 0 ? names : undefined) };
  },
  "GET faults": (_, sandbox) => ({ results: sandbox.faults() }),
  "POST faults": ({ body }, sandbox) => sandbox.addFault(asObject(body, "a fault")),
  "DELETE faults": (_, sandbox, [id]) => ({
    removed: sandbox.removeFaults(id === undefined ? undefined : Number(id)),
  }),
  "POST touch": ({ body }, sandbox) => ({ ids: sandbox.touch(change(body, sandbox)) }),
  "POST create": ({ body }, sandbox) => ({ ids: sandbox.create(change(body, sandbox)) }),
  "POST archive": ({ body }, sandbox) => ({ ids: sandbox.archive(change(body, sandbox)) }),
  "POST restore": ({ body }, sandbox) => ({ ids: sandbox.restore(change(body, sandbox)) }),
  "POST remove": ({ body }, sandbox) => ({ ids: sandbox.remove(change(body, sandbox)) }),
  "POST merge": ({ body }, sandbox) => {
    const merge = known<Merge>(body, ["type", "primaryId", "loserId"], sandbox);
    return { id: sandbox.merge(String(merge.primaryId), String(merge.loserId), merge.type) };
  },
  "GET associations": (_, sandbox, [from = "", to = ""]) => ({
    results: sandbox.associations(typeOf(from, sandbox), typeOf(to, sandbox)),
  }),
  "POST associate": ({ body }, sandbox) => ({ results: sandbox.associate(association(body, sandbox)) }),
  "POST dissociate": ({ body }, sandbox) => ({ results: sandbox.dissociate(association(body, sandbox)) }),
  "GET owners": (_, sandbox) => ({ results: sandbox.owners() }),
  "POST owners": ({ body }, sandbox, [id = ""]) =>
    sandbox.changeOwner(id, known<OwnerChange>(body, ["email", "firstName", "lastName", "archived", "teams"], sandbox)),
  "GET churn": (_, sandbox) => ({ results: sandbox.churns() }),
  "POST churn": ({ body }, sandbox) => {
    const rates = ["touchesPerSecond", "createsPerSecond", "archivesPerSecond", "removesPerSecond"] as const;
    return sandbox.churn(known<ChurnOptions>(body, ["type", ...rates, "archivePerRun"], sandbox)).summary();
  },
  "DELETE churn": (_, sandbox) => ({ results: sandbox.stopChurns() }),
};

interface Merge {
  type?: ObjectTypeName;
  primaryId: string;
  loserId: string;
}

function change(body: unknown, sandbox: HubspotSandbox): Change {
  const parsed = known<Change>(body, ["type", "count", "ids", "properties"], sandbox);
  return { ...parsed, ...(parsed.ids ? { ids: parsed.ids.map(String) } : {}) };
}

function association(body: unknown, sandbox: HubspotSandbox): AssociationChange {
  const keys = ["from", "to", "pairs", "count", "typeIds", "last", "touch"] as const;
  const parsed = known<AssociationChange>(body, keys, sandbox);
  const pairs = parsed.pairs?.map(([fromId, toId]) => [String(fromId), String(toId)] as const);
  return { ...parsed, ...(pairs ? { pairs } : {}) };
}

/** A body with no keys but these: a misspelt one must not pass unseen. Those that name a type may use any of its names. */
function known<T>(body: unknown, keys: ReadonlyArray<keyof T & string>, sandbox: HubspotSandbox): T {
  const parsed = { ...asObject(body ?? {}, "the request body") };
  const stranger = Object.keys(parsed).find((key) => !(keys as readonly string[]).includes(key));
  if (stranger !== undefined) throw invalid(`unknown key "${stranger}"; known: ${keys.join(", ")}`);
  for (const key of ["type", "from", "to"]) {
    if (parsed[key] !== undefined) parsed[key] = typeOf(String(parsed[key]), sandbox);
  }
  return parsed as T;
}

/** By its name in the sandbox, or as in a path of the API. */
function typeOf(segment: string, sandbox: HubspotSandbox): ObjectTypeName {
  const types = objectTypesWith(sandbox.typeIds);
  const type = objectTypeOf(segment, types) ?? Object.values(types).find(({ name }) => name === segment);
  if (!type) throw invalid(`Unable to infer object type from: ${segment}`);
  return type.name;
}
