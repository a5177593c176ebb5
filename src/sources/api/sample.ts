/** `etl new`: one call over a connection, as a spec is guessed from its answer. */
import { FatalError, SpecError } from "../../errors.ts";
import { openHttpClient, type HttpOptions, showUrl } from "../http/index.ts";
import { newMetrics } from "../contract.ts";
import { type Answer, decodeAnswer } from "./answer.ts";
import { compileRecords } from "./records.ts";

export interface SampleQuestion extends Omit<HttpOptions, "metrics"> {
  /** Below the connection's address, with its query: `/orders?limit=50`. */
  path: string;
  /** JSONata: where the list is; absent: nobody knows yet. */
  records?: string | undefined;
}

export interface Sample {
  answer: Answer;
  /** Of `records`. */
  found: unknown[] | undefined;
}

/** Asks once. @throws SpecError for a path that is none, FatalError for an answer that is no JSON */
export async function sampleAnswer({ path, records, ...options }: SampleQuestion): Promise<Sample> {
  const find = records === undefined ? undefined : compileRecords({ from: records, missing: "fail" }, { paged: false });
  const metrics = newMetrics();
  const client = openHttpClient({ ...options, metrics });
  try {
    const base = (await client.baseUrl()).replace(/\/+$/, "");
    const url = `${base}${/^[/?]/.test(path) || path === "" ? "" : "/"}${path}`;
    if (!URL.canParse(url))
      throw new SpecError(`"${url}" is not a URL: --path is what follows the connection's base_url`);
    const shown = `GET ${showUrl(url, [])}`;
    const response = await client.text({ method: "GET", url, headers: { accept: "application/json" } });
    const answer = await decodeAnswer(response, { request: { method: "GET", url }, slice: undefined, shown });
    if (answer.problem)
      throw new FatalError(
        `${shown} answered ${answer.status}, but not with JSON: ${answer.problem.message}. etl new reads JSON; docs/api-source.md has the other forms.`,
      );
    return { answer, found: await find?.(answer) };
  } finally {
    await client.close();
  }
}
