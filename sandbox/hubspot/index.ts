/** The HubSpot sandbox: `startHubspotSandbox` and what its options and answers are. */
export { startHubspotSandbox } from "./sandbox.ts";
export type { Change, HubspotSandbox } from "./sandbox.ts";
export type { HubspotSandboxOptions } from "./options.ts";
export type { AssociatedPair, AssociationChange } from "./associations/change.ts";
export type { Churn, ChurnOptions, ChurnSummary } from "./churn.ts";
export type { CustomTypeIds } from "./object-types.ts";
export type { Fault, FaultRule } from "./faults.ts";
export type { OwnerChange } from "./owner-book.ts";
export type { OwnerJson } from "./data/owners.ts";
export type { BudgetStats, SandboxStats, SeenRequest } from "./stats.ts";
export type { RecordJson } from "./serialise.ts";
export type { ObjectTypeName } from "./object-type.ts";
export type { RateLimits } from "./rate-limit.ts";
export { documentedLimits } from "./rate-limit.ts";
export { oneTimestampMs } from "./data/base-records.ts";
export { uglyContacts, uglyDeals, uglyEvery } from "./data/ugly.ts";
export { uglyAppointments, uglyDivisions, uglyGeniusUsers } from "./data/ugly-objects.ts";
