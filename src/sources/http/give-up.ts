/** The words for a call that failed. */
import type { HttpResponse } from "./contract.ts";
import { describeBody } from "./describe-body.ts";

const counts = [
  "never",
  "once",
  "twice",
  "three times",
  "four times",
  "five times",
  "six times",
  "seven times",
  "eight times",
  "nine times",
  "ten times",
];

export interface Attempts {
  /** `GET https://…?after=200`. */
  shown: string;
  /** What came of each attempt: a status, or a sentence about the network. */
  outcomes: readonly (number | string)[];
  durationMs: number;
  /** What a rule or the body says about the last one. */
  said?: string;
}

/** `GET https://…?after=200 answered 429 six times over 62 s: "…"; giving up. The run can be resumed.` */
export function gaveUp({ shown, outcomes, durationMs, said }: Attempts): string {
  const times = counts[outcomes.length] ?? `${outcomes.length} times`;
  const over = outcomes.length > 1 ? ` over ${seconds(durationMs)}` : "";
  const last = outcomes.at(-1);
  const same = outcomes.every((outcome) => outcome === last);
  const what =
    typeof last === "number"
      ? same
        ? `answered ${last} ${times}${over}`
        : `failed ${times}${over}, at last with ${last}`
      : `failed ${times}${over}: ${last ?? ""}`;
  return `${shown} ${what}${said === undefined ? "" : `: ${said}`}; giving up. The run can be resumed.`;
}

function seconds(ms: number): string {
  return ms < 950 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`;
}

export interface Refusal {
  shown: string;
  response: HttpResponse & { text?: string };
  /** A rule's own words; without them the body speaks. */
  message?: string;
  connection: string;
  /** False for a request to another host: it carried no credentials. */
  authorised: boolean;
}

/** `GET https://… answered 404: "resource not found"`; for 401 and 403 it says whose credentials to look at. */
export function refused({ shown, response, message, connection, authorised }: Refusal): string {
  const said = message ?? describeBody(response.text ?? "");
  const text = `${shown} answered ${response.status}${said === undefined ? "" : `: ${said}`}`;
  if (message !== undefined || (response.status !== 401 && response.status !== 403)) return text;
  return authorised
    ? `${text}. Check the credentials of connection "${connection}".`
    : `${text}. It was sent without the credentials of connection "${connection}", which are for its own host only.`;
}
