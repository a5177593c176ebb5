/**
 * `/__sandbox/…`: what a test or a person at a shell may do to a running sandbox. It needs no token, and is neither
 * counted nor limited.
 *
 * GET    /__sandbox/stats?requests=true   DELETE to begin anew
 * GET    /__sandbox/records/{type}?properties=a,b
 * GET    /__sandbox/faults                POST a rule, DELETE all, DELETE /__sandbox/faults/{id} one
 * POST   /__sandbox/touch | archive | restore | remove {type, count | ids, properties}
 * POST   /__sandbox/create {type, count, properties}
 * GET    /__sandbox/churn                 POST {touchesPerSecond, …} to start, DELETE to stop
 */
import type { ApiAnswer } from "./api-error.ts";
import { invalid, notFound } from "./api-error.ts";
import type { ChurnOptions } from "./churn.ts";
import { objectTypeOf } from "./object-type.ts";
import type { ObjectTypeName } from "./object-type.ts";
import type { ApiRequest } from "./routes/api-request.ts";
import { namedProperties } from "./routes/api-request.ts";
import type { Choice } from "./store.ts";
import { asObject } from "./search/request.ts";
import type { HubspotSandbox } from "./sandbox.ts";

export const controlPrefix = "/__sandbox/";

type Change = Choice & { type?: ObjectTypeName; properties?: Record<string, string> };

/** Answers one control request. Throws ApiError for what it does not understand. */
export function answerControl(request: ApiRequest, sandbox: HubspotSandbox): ApiAnswer {
  const [what = "", id] = request.path.slice(controlPrefix.length).split("/");
  const key = `${request.method} ${what}`;
  const action = Object.hasOwn(actions, key) ? actions[key] : undefined;
  if (!action) throw notFound(`no control endpoint ${request.method} ${request.path}`);
  try {
    return { status: 200, body: action(request, sandbox, id) };
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError)
      throw invalid(error.message);
    throw error;
  }
}

const actions: Readonly<
  Record<string, (request: ApiRequest, sandbox: HubspotSandbox, id: string | undefined) => unknown>
> = {
  "GET stats": ({ query }, sandbox) => {
    const { requests, ...rest } = sandbox.stats();
    return query.get("requests") === "true" ? { ...rest, requests } : rest;
  },
  "DELETE stats": (_, sandbox) => {
    sandbox.resetStats();
    return {};
  },
  "GET records": ({ query }, sandbox, id) => {
    const names = namedProperties(query);
    return { results: sandbox.all(typeOf(id ?? "contacts"), names.length > 0 ? names : undefined) };
  },
  "GET faults": (_, sandbox) => ({ results: sandbox.faults() }),
  "POST faults": ({ body }, sandbox) => sandbox.addFault(asObject(body, "a fault")),
  "DELETE faults": (_, sandbox, id) => ({
    removed: sandbox.removeFaults(id === undefined ? undefined : Number(id)),
  }),
  "POST touch": ({ body }, sandbox) => ({ ids: sandbox.touch(change(body)) }),
  "POST create": ({ body }, sandbox) => ({ ids: sandbox.create(change(body)) }),
  "POST archive": ({ body }, sandbox) => ({ ids: sandbox.archive(change(body)) }),
  "POST restore": ({ body }, sandbox) => ({ ids: sandbox.restore(change(body)) }),
  "POST remove": ({ body }, sandbox) => ({ ids: sandbox.remove(change(body)) }),
  "GET churn": (_, sandbox) => ({ results: sandbox.churns() }),
  "POST churn": ({ body }, sandbox) =>
    sandbox
      .churn(
        known<ChurnOptions>(body, [
          "type",
          "touchesPerSecond",
          "createsPerSecond",
          "archivesPerSecond",
          "removesPerSecond",
          "archivePerRun",
        ]),
      )
      .summary(),
  "DELETE churn": (_, sandbox) => ({ results: sandbox.stopChurns() }),
};

function change(body: unknown): Change {
  const parsed = known<Change>(body, ["type", "count", "ids", "properties"]);
  return { ...parsed, ...(parsed.ids ? { ids: parsed.ids.map(String) } : {}) };
}

/** A body with no keys but these: a misspelt one must not pass unseen. */
function known<T extends { type?: ObjectTypeName }>(body: unknown, keys: ReadonlyArray<keyof T & string>): T {
  const parsed = asObject(body ?? {}, "the request body");
  const stranger = Object.keys(parsed).find((key) => !(keys as readonly string[]).includes(key));
  if (stranger !== undefined) throw invalid(`unknown key "${stranger}"; known: ${keys.join(", ")}`);
  const type = parsed["type"];
  return (type === undefined ? parsed : { ...parsed, type: typeOf(String(type)) }) as T;
}

function typeOf(segment: string): ObjectTypeName {
  const type = objectTypeOf(segment);
  if (!type) throw invalid(`Unable to infer object type from: ${segment}`);
  return type.name;
}
