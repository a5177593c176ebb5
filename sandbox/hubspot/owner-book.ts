/** The account's owners, and what may become of them. */
import { baseOwners } from "./data/owners.ts";
import type { OwnerJson } from "./data/owners.ts";
import { iso } from "./data/property.ts";

/** What may be changed about an owner; archiving takes the user id, and coming back gives it again. */
export type OwnerChange = Partial<Pick<OwnerJson, "email" | "firstName" | "lastName" | "archived" | "teams">>;

export class OwnerBook {
  private owners: OwnerJson[];
  private readonly now: () => Date;

  constructor(count: number, now: () => Date) {
    this.owners = baseOwners(count);
    this.now = now;
  }

  /** All of them, archived ones too, by id. Not to be altered. */
  list(): readonly OwnerJson[] {
    return this.owners;
  }

  /** Changes one as of now. Throws RangeError where there is no such owner. */
  change(id: string, change: OwnerChange): OwnerJson {
    const before = this.owners.find((owner) => owner.id === id);
    if (!before) throw new RangeError(`no owner ${id}`);
    const after = { ...before, ...change, updatedAt: iso(this.now().getTime()) };
    after.userId = after.archived ? null : after.userIdIncludingInactive;
    this.owners = this.owners.map((owner) => (owner === before ? after : owner));
    return after;
  }
}
