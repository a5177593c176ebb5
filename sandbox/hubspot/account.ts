/** Makes the account that a sandbox starts with: its records, associations, owners and limits. */
import { AssociationBook } from "./associations/book.ts";
import type { ObjectTypeName } from "./object-type.ts";
import { objectTypesWith } from "./object-types.ts";
import type { SandboxSettings } from "./options.ts";
import { OwnerBook } from "./owner-book.ts";
import { RateLimiter } from "./rate-limit.ts";
import type { Account } from "./routes/api-request.ts";
import { ObjectStore } from "./store.ts";

/** What stands for how many contacts the changes at the start are, for the other types. */
const shares: Readonly<Record<ObjectTypeName, number>> = {
  contacts: 1,
  deals: 1 / 3,
  appointments: 1 / 4,
  divisions: 0,
  genius_users: 0,
};

/** Throws RangeError for settings that make no sense together. */
export function accountFrom(settings: SandboxSettings): Account {
  const types = objectTypesWith(settings.typeIds);
  const store = (name: ObjectTypeName, count: number, oneTimestamp = 0) =>
    new ObjectStore(types[name], { ...settings, count, oneTimestamp });
  const stores = {
    contacts: store("contacts", settings.records, settings.oneTimestamp),
    deals: store("deals", settings.deals),
    appointments: store("appointments", settings.appointments),
    divisions: store("divisions", settings.divisions),
    genius_users: store("genius_users", settings.geniusUsers),
  };
  const associations = new AssociationBook(stores, settings);
  changeAtStart(stores, settings);
  return {
    types,
    stores,
    associations,
    owners: new OwnerBook(settings.owners, settings.now),
    limiter: settings.limits && new RateLimiter(settings.limits),
    idOrder: settings.idsCompareAs,
    indexLagMs: settings.indexLagMs,
    associationsPageSize: settings.associationsPageSize,
    mergesInto: settings.mergesInto,
    now: settings.now,
  };
}

/** So that two processes, one after the other, meet an account that changed in between, and the same one. */
function changeAtStart(stores: Account["stores"], settings: SandboxSettings): void {
  for (const store of Object.values(stores)) {
    const part = (count: number) => Math.floor(count * shares[store.type.name]);
    const touched = Math.min(part(settings.touched), store.created.length);
    if (touched > 0) store.touch({ count: touched });
    store.create(part(settings.created));
    const archived = Math.min(part(settings.archived), store.created.length);
    if (archived > 0) store.archive({ count: archived });
  }
}
