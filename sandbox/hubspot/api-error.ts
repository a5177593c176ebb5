/**
 * HubSpot's error bodies: `status`, `message`, `correlationId`, `category` and, for a list of mistakes, `errors`.
 * Shapes after https://developers.hubspot.com/docs/api-reference/error-handling; every field may be missing there.
 */
import { randomUUID } from "node:crypto";

export interface ApiAnswer {
  status: number;
  /** Sent as JSON, unless it is a text. */
  body: unknown;
  headers?: Readonly<Record<string, string>>;
}

/** An answer that is thrown: handlers stop where the request is wrong. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly answer: ApiAnswer;
  constructor(status: number, category: string, message: string, more: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.answer = {
      status,
      body: { status: "error", message, correlationId: randomUUID(), category, ...more },
    };
  }
}

/** 400: the request is understood and wrong. `context` names what is. */
export function invalid(message: string, context?: Readonly<Record<string, readonly string[]>>): ApiError {
  return new ApiError(400, "VALIDATION_ERROR", message, context ? { errors: [{ message, context }] } : {});
}

/** 404 for a record or a path. */
export function notFound(message = "resource not found"): ApiError {
  return new ApiError(404, "OBJECT_NOT_FOUND", message);
}

/** 401, the same for a missing token and a wrong one. */
export function unauthenticated(): ApiError {
  const message =
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details " +
    "at https://developers.hubspot.com/docs/methods/auth/oauth-overview";
  return new ApiError(401, "INVALID_AUTHENTICATION", message);
}

export type RateLimitPolicy = "SECONDLY" | "TEN_SECONDLY_ROLLING" | "DAILY";

/** 429. `Retry-After` is promised nowhere, so it is only there when somebody asks for it. */
export function rateLimited(policyName: RateLimitPolicy): ApiAnswer {
  const correlationId = randomUUID();
  const body = {
    status: "error",
    message: `You have reached your ${policyName.toLowerCase()} limit.`,
    errorType: "RATE_LIMIT",
    correlationId,
    policyName,
    requestId: randomUUID(),
  };
  return { status: 429, body };
}

const categories: Readonly<Record<number, [category: string, message: string]>> = {
  400: ["VALIDATION_ERROR", "Invalid input (details will vary based on the error)"],
  403: ["MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call."],
  404: ["OBJECT_NOT_FOUND", "resource not found"],
  423: ["LOCKED", "This object is locked; wait at least 2 seconds before the next request."],
  477: ["MIGRATION_IN_PROGRESS", "This account is being moved between data hosting locations."],
};

/** The body that an answer of this status has when a fault asks for the status alone. */
export function answerFor(status: number, policy: RateLimitPolicy = "TEN_SECONDLY_ROLLING"): ApiAnswer {
  if (status === 429) return rateLimited(policy);
  if (status === 401) return unauthenticated().answer;
  const [category, message] = categories[status] ?? ["API_ERROR", "internal error"];
  const { answer } = new ApiError(status, category, message);
  // The documentation promises it for this status: up to a day.
  return status === 477 ? { ...answer, headers: { "Retry-After": "2" } } : answer;
}
