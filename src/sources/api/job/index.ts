/** An export that is made, waited for and fetched: `job` of a source, compiled. */
import type { Connection } from "../../../spec/types.ts";
import { type HttpClient, openHttpClient } from "../../http/index.ts";
import type { SourceContext } from "../../contract.ts";
import { compileRequest } from "../build-request.ts";
import type { EffectiveJob } from "../effective-source.ts";
import { type RequestSurroundings, requestScope } from "../request-scope.ts";
import { compileCreate, type JobMaker } from "./make.ts";
import { compilePoll, type Looker } from "./look.ts";
import type { CleanUp } from "./open-jobs.ts";

export { compileCreate } from "./make.ts";
export { OpenJobs } from "./open-jobs.ts";
export { readJob } from "./read-job.ts";

export interface CompiledJob {
  spec: EffectiveJob;
  create: JobMaker;
  look: Looker;
  /** How a job that was made within these surroundings is removed; undefined where the spec does not say. */
  cleanUp(surroundings: RequestSurroundings): CleanUp | undefined;
}

/** Compiles a job but for its results. Throws SpecError for what cannot be. */
export function compileJob(
  spec: EffectiveJob,
  { client, connection, context }: { client: HttpClient; connection: Connection; context: SourceContext },
): CompiledJob {
  const options = { client, connection, responses: spec.responses };
  const request = spec.cleanup && compileRequest(spec.cleanup, connection.base_url);
  return {
    spec,
    create: compileCreate(spec.create, options),
    look: compilePoll(spec.poll, spec.each, options),
    cleanUp(surroundings) {
      if (!request) return undefined;
      return async (job, signal) => {
        const built = request(requestScope({ ...surroundings, job }), { place: () => {} });
        // The read's own client ends with the read; what is left behind is removed after it.
        const { log, metrics, credentials, secret } = context;
        const own = openHttpClient({ connection, log, metrics, signal, credentials, secret });
        try {
          await own.text(built, ({ status }) => {
            if ((status >= 200 && status < 300) || status === 404 || status === 410) return { do: "accept" };
            return { do: status === 429 || status >= 500 ? "retry" : "fail" };
          });
        } finally {
          await own.close();
        }
      };
    },
  };
}
