/** Requests on their way through the budgets of a connection, and what the history is told of it. */
import type { Connection } from "../../spec/types.ts";
import type { BudgetForecast, SourceMetrics } from "../contract.ts";
import type { HttpRequest, HttpResponse } from "./contract.ts";
import { type Admission, type Gate, sharedGate, type Target } from "./rate-limits.ts";
import type { Time } from "./time.ts";

type Asked = Pick<HttpRequest, "method" | "url" | "cost">;

export interface PassagesOptions {
  connection: Connection;
  metrics: SourceMetrics;
  time: Time;
}

export class Passages {
  private readonly gate: Gate;
  private readonly metrics: SourceMetrics;
  private readonly time: Time;

  constructor({ connection, metrics, time }: PassagesOptions) {
    this.gate = sharedGate(connection, time);
    this.metrics = metrics;
    this.time = time;
  }

  /** Waits until the budgets have room for a request, and counts what it takes. */
  async enter(
    request: Asked,
    { signal, onHeld }: { signal: AbortSignal; onHeld(text: string): void },
  ): Promise<Admission> {
    const { metrics } = this;
    const admission = await this.gate.acquire({
      target: targetOf(request),
      cost: request.cost ?? 1,
      signal,
      onHeld,
      onWait: () => metrics.clock.start("wait"),
    });
    metrics.rateLimitWaitSeconds += admission.heldMs / 1000;
    for (const { budget, price } of admission.charges) {
      metrics.quotaUsed ??= {};
      const use = (metrics.quotaUsed[budget.name] ??= { charged: 0, limit: budget.limit });
      use.charged += price;
    }
    return admission;
  }

  /** What the answer says about the budgets holds for all who share them. Gives sentences about what cannot be read. */
  async learn(admission: Admission, response: Pick<HttpResponse, "headers">): Promise<string[]> {
    const problems = await admission.learn(response);
    const now = this.time.now();
    for (const { budget } of admission.charges) {
      const use = this.metrics.quotaUsed?.[budget.name];
      if (use && budget.isQuota) Object.assign(use, { limit: budget.limit, used: budget.usage(now).used });
    }
    return problems;
  }

  /**
   * The system said that a budget is spent: how long until it is counted anew, where that is known.
   * @throws FatalError for a quota that is spent: it is not waited for attempt by attempt.
   */
  resetMs(request: Asked): number | undefined {
    const resetMs = this.gate.resetMs(targetOf(request));
    this.gate.check(targetOf(request), request.cost ?? 1);
    return resetMs;
  }

  /** Holds back all that shares a budget with the request. */
  pause(request: Asked, ms: number): void {
    this.gate.pause(targetOf(request), ms);
    this.metrics.rateLimitWaitSeconds += ms / 1000;
  }

  /** How the budgets that a request would be charged to stand. */
  forecast(request: Asked): BudgetForecast[] {
    const now = this.time.now();
    return this.gate.matching(targetOf(request)).map((budget) => budget.forecast(request.cost ?? 1, now));
  }
}

function targetOf({ method, url }: Asked): Target {
  return { method, path: new URL(url).pathname };
}
