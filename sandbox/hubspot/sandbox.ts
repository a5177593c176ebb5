/**
 * A HubSpot that runs on this machine: a real HTTP server over synthetic records, which answers as the documented API
 * does, and which can be made slow, failing, busy and restless.
 */
import type { AddressInfo } from "node:net";
import { accountFrom } from "./account.ts";
import { AssociationChanges } from "./associations/change.ts";
import type { AssociatedPair, AssociationChange } from "./associations/change.ts";
import { startChurn } from "./churn.ts";
import type { Churn, ChurnOptions, ChurnSummary } from "./churn.ts";
import type { OwnerJson } from "./data/owners.ts";
import { FaultBook } from "./faults.ts";
import type { Fault, FaultRule } from "./faults.ts";
import type { ObjectTypeName } from "./object-type.ts";
import type { CustomTypeIds } from "./object-types.ts";
import { settingsFrom } from "./options.ts";
import type { HubspotSandboxOptions } from "./options.ts";
import type { OwnerChange } from "./owner-book.ts";
import { mergeRecords } from "./routes/merge.ts";
import { recordWriter } from "./serialise.ts";
import type { RecordJson } from "./serialise.ts";
import { createSandboxServer } from "./server.ts";
import { StatsKeeper } from "./stats.ts";
import type { SandboxStats } from "./stats.ts";
import type { Choice, ObjectStore } from "./store.ts";

/** Which records a change is about; contacts, and one of them, unless it says otherwise. */
export interface Change extends Choice {
  type?: ObjectTypeName;
}

export interface HubspotSandbox {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** What the custom objects are called in paths. */
  readonly typeIds: Readonly<CustomTypeIds>;
  /**
   * Changes live records as of now. Without `properties`, their notes' count and instant. Gives the ids.
   * All five throw RangeError for an id that is not there, or when too few records are left.
   */
  touch(change?: Change & { properties?: Readonly<Record<string, string>> }): string[];
  create(change?: { type?: ObjectTypeName; count?: number; properties?: Readonly<Record<string, string>> }): string[];
  archive(change?: Change): string[];
  /** Archived records come back, as changed now. */
  restore(change?: Change): string[];
  /** Records are gone for good, as after a GDPR deletion. */
  remove(change?: Change): string[];
  /**
   * Merges the second record into the first, contacts unless told otherwise; its associations move too. Gives the id
   * of the record that is left: another one where the sandbox merges into new records. Throws RangeError.
   */
  merge(primaryId: string, loserId: string, type?: ObjectTypeName): string;
  /** Every record there is, archived ones too, by id. @param properties which ones; default: all that are set. */
  all(type: ObjectTypeName, properties?: readonly string[]): RecordJson[];
  /** Associates records, or gives their association other labels. Gives the pairs as they are now. Throws RangeError. */
  associate(change: AssociationChange): AssociatedPair[];
  /** Takes associations back. Gives the pairs as they were. Throws RangeError. */
  dissociate(change: AssociationChange): AssociatedPair[];
  /** Every association between live records of two types, as seen from the first. Throws RangeError. */
  associations(from: ObjectTypeName, to: ObjectTypeName): AssociatedPair[];
  /** All owners, archived ones too. */
  owners(): readonly OwnerJson[];
  /** Changes one owner as of now; archives it, too. Throws RangeError where there is none. */
  changeOwner(id: string, change: OwnerChange): OwnerJson;
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
  const account = accountFrom(settings);
  const changes = new AssociationChanges(account, settings);
  const faults = new FaultBook();
  const stats = new StatsKeeper();
  const churns = new Set<Churn>();
  const { grants } = settings;
  const server = createSandboxServer({ account, grants, faults, stats, sandbox: () => sandbox });
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
  const storeOf = (change: { type?: ObjectTypeName } | undefined) => account.stores[change?.type ?? "contacts"];
  const sandbox: HubspotSandbox = {
    url: `http://${settings.host}:${port}`,
    port,
    token: settings.token,
    typeIds: settings.typeIds,
    touch: (change = {}) => storeOf(change).touch(change, change.properties),
    create: (change = {}) => storeOf(change).create(change.count ?? 1, change.properties),
    archive: (change = {}) => storeOf(change).archive(change),
    restore: (change = {}) => storeOf(change).restore(change),
    remove: (change = {}) => storeOf(change).remove(change),
    merge: (primaryId, loserId, type = "contacts") =>
      mergeRecords(account, account.stores[type], { primaryId, loserId }).id,
    all: (type, properties) => everything(account.stores[type], properties),
    associate: (change) => changes.associate(change),
    dissociate: (change) => changes.dissociate(change),
    associations: (from, to) => changes.all(from, to),
    owners: () => account.owners.list(),
    changeOwner: (id, change) => account.owners.change(id, change),
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

function everything(store: ObjectStore, properties: readonly string[] | undefined): RecordJson[] {
  const write = recordWriter(store, properties ?? [...store.type.properties.keys()], "absent");
  return store
    .ordered("number")
    .filter((record) => !record.state.removed)
    .map((record) => write(record, record.state));
}
