/** Athena's errors by what to do next: those of its API, and the reasons of queries that failed. */
import { codeOf, type ErrorKind, networkCodes } from "../error-text.ts";

const ofCredentials =
  /^(?:UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|InvalidClientTokenId|ExpiredToken|MissingAuthenticationToken|CredentialsProviderError|AuthFailure)/;
const forNow =
  /^(?:Throttling|TooManyRequests|RequestLimit|InternalServer|InternalFailure|ServiceUnavailable|TimeoutError|RequestTimeout|SlowDown)/;

/** What a call of the API threw, after the client has tried it several times. */
export function athenaErrorKind(error: unknown): ErrorKind {
  const {
    name = "",
    $metadata,
    message = "",
  } = error as {
    name?: string;
    $metadata?: { httpStatusCode?: number };
    message?: string;
  };
  if (ofCredentials.test(name) || /region is missing/i.test(message)) return "refused";
  if (/AccessDenied|NotAuthorized/i.test(name)) return "denied";
  if (forNow.test(name) || networkCodes.has(codeOf(error)) || ($metadata?.httpStatusCode ?? 0) >= 500) return "lost";
  return /^(?:InvalidRequest|Metadata|EntityNotFound|ResourceNotFound|Validation)/.test(name) ? "statement" : "failed";
}

export interface FailedQuery {
  reason: string;
  /** Athena itself says that it may be tried again. */
  retryable?: boolean;
}

/** Why a query failed, by Athena's own words. */
export function failedQueryKind({ reason, retryable }: FailedQuery): ErrorKind {
  if (/insufficient permissions|access ?denied|not authorized|lakeformation|glue:Get/i.test(reason)) return "denied";
  if (
    /SYNTAX_ERROR|NOT_FOUND|TYPE_MISMATCH|MISMATCHED|INVALID_|cannot be resolved|does not exist|Queries of this type|Incorrect number of parameters/.test(
      reason,
    )
  )
    return "statement";
  if (/exceeded (?:the )?(?:maximum|time)|timed? ?out/i.test(reason)) return "timeout";
  return retryable || /GENERIC_INTERNAL_ERROR|exhausted resources|throttl|SlowDown/i.test(reason) ? "busy" : "failed";
}
