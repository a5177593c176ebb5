/** What the server saw, for tests that ask how often and how fast they called. */

export type Budget = "general" | "search";

export interface SeenRequest {
  /** Milliseconds since the sandbox started. */
  atMs: number;
  method: string;
  /** Path and query as they came. */
  url: string;
  /** What it was for: `list contacts`, `search contacts`, `owners`. */
  route: string;
  /** Which rate limit it counts towards. */
  budget: Budget;
  /** What it was answered; 0 where the connection was cut instead. */
  status: number;
  /** From the last byte of the request to the last of the answer; 0 while it is under way. */
  tookMs: number;
  /** Bytes of the answer's body. */
  bytes: number;
}

/** What one rate limit saw, refused calls and struck ones too. */
export interface BudgetStats {
  total: number;
  maxPerSecond: number;
  maxPerTenSeconds: number;
}

export interface SandboxStats {
  total: number;
  byRoute: Record<string, number>;
  byStatus: Record<string, number>;
  /** Most calls that any one second holds, wherever it begins. */
  maxPerSecond: number;
  /** The same for each route. */
  maxPerSecondByRoute: Record<string, number>;
  /** Most calls that any ten seconds hold. */
  maxPerTenSeconds: number;
  maxPerTenSecondsByRoute: Record<string, number>;
  /** Searches have a limit of their own, and all other calls share one. */
  byBudget: Record<Budget, BudgetStats>;
  /** Most calls under way at one time. */
  maxConcurrent: number;
  /** Bytes of all answers' bodies. */
  bytes: number;
  /** The newest calls, oldest first. */
  requests: SeenRequest[];
}

/** More than any test makes; beyond it the oldest go, so that a sandbox may run for weeks. */
const keptRequests = 200_000;

export class StatsKeeper {
  private readonly startMs = performance.now();
  private requests: SeenRequest[] = [];
  private concurrent = 0;
  private maxConcurrent = 0;

  /** Notes that a request has come. */
  begin(method: string, url: string, route: { name: string; budget: Budget }): SeenRequest {
    const seen: SeenRequest = {
      atMs: performance.now() - this.startMs,
      method,
      url,
      route: route.name,
      budget: route.budget,
      status: 0,
      tookMs: 0,
      bytes: 0,
    };
    this.requests.push(seen);
    if (this.requests.length > keptRequests) this.requests = this.requests.slice(keptRequests / 2);
    this.maxConcurrent = Math.max(this.maxConcurrent, ++this.concurrent);
    return seen;
  }

  /** Notes how it was answered. */
  end(seen: SeenRequest, status: number, bytes: number): void {
    seen.status = status;
    seen.bytes = bytes;
    seen.tookMs = performance.now() - this.startMs - seen.atMs;
    this.concurrent--;
  }

  reset(): void {
    this.requests = [];
    this.maxConcurrent = this.concurrent;
  }

  read(): SandboxStats {
    const routes = [...Map.groupBy(this.requests, (seen) => seen.route)];
    const byRoute = (windowMs: number) =>
      Object.fromEntries(routes.map(([route, seen]) => [route, mostWithin(seen, windowMs)]));
    const ofBudget = (budget: Budget): BudgetStats => {
      const requests = this.requests.filter((seen) => seen.budget === budget);
      return {
        total: requests.length,
        maxPerSecond: mostWithin(requests, 1_000),
        maxPerTenSeconds: mostWithin(requests, 10_000),
      };
    };
    return {
      total: this.requests.length,
      byRoute: counts(this.requests, (seen) => seen.route),
      byStatus: counts(this.requests, (seen) => String(seen.status)),
      maxPerSecond: mostWithin(this.requests, 1_000),
      maxPerSecondByRoute: byRoute(1_000),
      maxPerTenSeconds: mostWithin(this.requests, 10_000),
      maxPerTenSecondsByRoute: byRoute(10_000),
      byBudget: { general: ofBudget("general"), search: ofBudget("search") },
      maxConcurrent: this.maxConcurrent,
      bytes: this.requests.reduce((sum, seen) => sum + seen.bytes, 0),
      requests: this.requests.map((seen) => ({ ...seen })),
    };
  }
}

function counts(requests: readonly SeenRequest[], by: (seen: SeenRequest) => string): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(requests, by)].map(([key, seen]) => [key, seen.length]));
}

/** Most requests within any window of so many milliseconds; they are in the order of time. */
function mostWithin(requests: readonly SeenRequest[], windowMs: number): number {
  let most = 0;
  let first = 0;
  for (const [last, seen] of requests.entries()) {
    while (seen.atMs - (requests[first]?.atMs ?? 0) >= windowMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
