/** The way out to HTTP for every source. */
export { parseByteSize } from "./byte-size.ts";
export type { HttpClient, HttpRequest, HttpResponse, StreamResponse, TextResponse, Verdict } from "./contract.ts";
export { openHttpClient, type HttpOptions } from "./client.ts";
export { describeBody } from "./describe-body.ts";
export { linkOf } from "./link-header.ts";
export { addQuery, encodeQuery, withoutQuery } from "./query.ts";
export { compileWait, defaultVerdict, retryAfterMs } from "./retry.ts";
export { showUrl } from "./shown-url.ts";
export { realTime, type Time } from "./time.ts";
