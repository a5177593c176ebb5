/**
 * A HubSpot that runs on this machine: a real HTTP server over synthetic contacts and deals, which answers as the
 * documented API does, and which can be made slow, failing, busy and restless.
 */
import type { AddressInfo } from "node:net";
import { RateLimiter } from "./rate-limit.ts";
import { startChurn } from "./churn.ts";
import type { Churn, ChurnOptions, ChurnSummary } from "./churn.ts";
import { FaultBook } from "./faults.ts";
import type { Fault, FaultRule } from "./faults.ts";
import { objectTypes } from "./object-type.ts";
import type { ObjectTypeName } from "./object-type.ts";
import { settingsFrom } from "./options.ts";
import type { HubspotSandboxOptions, SandboxSettings } from "./options.ts";
import type { Account } from "./routes/api-request.ts";
import { recordWriter } from "./serialise.ts";
import type { RecordJson } from "./serialise.ts";
import { createSandboxServer } from "./server.ts";
import { StatsKeeper } from "./stats.ts";
import type { SandboxStats } from "./stats.ts";
import { ObjectStore } from "./store.ts";
import type { Choice } from "./store.ts";

/** Which records a change is about; contacts, and one of them, unless it says otherwise. */
export interface Change extends Choice {
  type?: ObjectTypeName;
}

export interface HubspotSandbox {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /**
   * Changes live records as of now. Without `properties`, their notes' count and instant. Gives the ids.
   * All five throw RangeError for an id that is not there, or when too few records are left.
   */
  touch(change?: Change & { properties?: Readonly<Record<string, string>> }): string[];
  create(change?: { type?: ObjectTypeName; count?: number; properties?: Readonly<Record<string, string>> }): string[];
  archive(change?: Change): string[];
  /** Archived records come back, as changed now. */
  restore(change?: Change): string[];
  /** Records are gone for good, as merged ones are. */
  remove(change?: Change): string[];
  /** Every record there is, archived ones too, by id. @param properties which ones; default: all that are set. */
  all(type: ObjectTypeName, properties?: readonly string[]): RecordJson[];
  /** A rule for slow or failing answers. Throws TypeError for a key it does not know. */
  addFault(rule: FaultRule): Fault;
  faults(): readonly Fault[];
  /** Takes back one rule, or all. Gives how many. */
  removeFaults(id?: number): number;
  stats(): SandboxStats;
  resetStats(): void;
  /** Changes records from now on, until it is stopped or the sandbox closes. */
  churn(options: ChurnOptions): Churn;
  churns(): ChurnSummary[];
  stopChurns(): ChurnSummary[];
  /** Stops everything and cuts what is under way. */
  close(): Promise<void>;
}

/** Starts one. Rejects where the port is taken, and with RangeError for options that make no sense. */
export async function startHubspotSandbox(options: HubspotSandboxOptions = {}): Promise<HubspotSandbox> {
  const settings = settingsFrom(options);
  const stores = {
    contacts: new ObjectStore(objectTypes.contacts, { ...settings, count: settings.records }),
    deals: new ObjectStore(objectTypes.deals, {
      ...settings,
      count: settings.deals,
      oneTimestamp: 0,
    }),
  };
  changeAtStart(stores, settings);
  const account: Account = {
    stores,
    limiter: settings.limits && new RateLimiter(settings.limits),
    idOrder: settings.idsCompareAs,
    indexLagMs: settings.indexLagMs,
    now: settings.now,
  };
  const faults = new FaultBook();
  const stats = new StatsKeeper();
  const churns = new Set<Churn>();
  const server = createSandboxServer({
    account,
    token: settings.token,
    faults,
    stats,
    sandbox: () => sandbox,
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(settings.port, settings.host, resolve);
  });
  const { port } = server.address() as AddressInfo;

  const stopChurns = () => {
    const summaries = [...churns].map((churn) => churn.stop());
    churns.clear();
    return summaries;
  };
  const storeOf = (change: { type?: ObjectTypeName } | undefined) => stores[change?.type ?? "contacts"];
  const sandbox: HubspotSandbox = {
    url: `http://${settings.host}:${port}`,
    port,
    token: settings.token,
    touch: (change = {}) => storeOf(change).touch(change, change.properties),
    create: (change = {}) => storeOf(change).create(change.count ?? 1, change.properties),
    archive: (change = {}) => storeOf(change).archive(change),
    restore: (change = {}) => storeOf(change).restore(change),
    remove: (change = {}) => storeOf(change).remove(change),
    all: (type, properties) => everything(stores[type], properties),
    addFault: (rule) => faults.add(rule),
    faults: () => faults.list(),
    removeFaults: (id) => faults.remove(id),
    stats: () => stats.read(),
    resetStats: () => stats.reset(),
    churn: (churnOptions) => {
      const churn = startChurn(storeOf(churnOptions), churnOptions);
      churns.add(churn);
      return churn;
    },
    churns: () => [...churns].map((churn) => churn.summary()),
    stopChurns,
    close: async () => {
      stopChurns();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return sandbox;
}

/** So that two processes, one after the other, meet an account that changed in between, and the same one. */
function changeAtStart(stores: Account["stores"], settings: SandboxSettings): void {
  const share = { contacts: 1, deals: 1 / 3 };
  for (const store of Object.values(stores)) {
    const part = share[store.type.name];
    const touched = Math.min(Math.floor(settings.touched * part), store.ordered("number").length);
    if (touched > 0) store.touch({ count: touched });
    store.create(Math.floor(settings.created * part));
  }
}

function everything(store: ObjectStore, properties: readonly string[] | undefined): RecordJson[] {
  const write = recordWriter(store, properties ?? [...store.type.properties.keys()], "absent");
  return store
    .ordered("number")
    .filter((record) => !record.state.removed)
    .map((record) => write(record, record.state));
}
