/** The account's associations: which pairs of types there are, and each of them as seen from one of its sides. */
import type { ObjectTypeName } from "../object-type.ts";
import type { ObjectStore } from "../store.ts";
import type { StoredRecord } from "../stored-record.ts";
import { basePairs } from "./base-pairs.ts";
import { associationDefinitions } from "./definition.ts";
import type { AssociationLabel } from "./definition.ts";
import { PairSet } from "./pair-set.ts";
import type { PairSide } from "./pair-set.ts";

/** One association, as seen from a record. */
export interface Association {
  to: StoredRecord;
  /** The plain one first. */
  types: readonly AssociationLabel[];
}

interface Ends {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  /** What an association can be, the plain one first. */
  readonly labels: readonly AssociationLabel[];
}

/** All associations between two types, as seen from one of them. */
export interface AssociationView extends Ends {
  /** Those with live records, in the order of their making; archived ones come back when they are restored. */
  of(from: StoredRecord): Association[];
  /**
   * @param typeIds as seen from `from`; the plain one goes without saying. Whether anything is new. Throws RangeError
   * for a type id that these types do not have.
   */
  add(from: StoredRecord, to: StoredRecord, typeIds: readonly number[]): boolean;
  /** Whether it was there. */
  delete(from: StoredRecord, to: StoredRecord): boolean;
  /** Gives all that one record has, those with archived ones too, to another one. */
  move(loser: StoredRecord, winner: StoredRecord): void;
}

export class AssociationBook {
  private readonly views: readonly AssociationView[];

  constructor(
    stores: Readonly<Record<ObjectTypeName, ObjectStore>>,
    options: { seed: number; busyContactDeals: number },
  ) {
    this.views = associationDefinitions.flatMap((definition) => {
      const [left, right] = [stores[definition.left], stores[definition.right]];
      const sizes = { left: left.created.length, right: right.created.length };
      const pairs = new PairSet(basePairs(definition, { ...options, sizes }), {
        seed: options.seed,
        name: `${definition.left}/${definition.right}`,
        labels: definition.fromLeft.length,
        sizes,
      });
      return [
        viewOf({ from: left, to: right, labels: definition.fromLeft }, pairs.fromLeft),
        viewOf({ from: right, to: left, labels: definition.fromRight }, pairs.fromRight),
      ];
    });
  }

  /** Undefined where the account associates no such types. */
  between(from: ObjectTypeName, to: ObjectTypeName): AssociationView | undefined {
    return this.views.find((view) => view.from.type.name === from && view.to.type.name === to);
  }

  /** Every view from one type. */
  from(name: ObjectTypeName): AssociationView[] {
    return this.views.filter((view) => view.from.type.name === name);
  }
}

function viewOf(ends: Ends, side: PairSide): AssociationView {
  const { labels, to: others } = ends;
  const placeOf = (typeId: number) => {
    const place = labels.findIndex((label) => label.typeId === typeId);
    if (place >= 0) return place;
    const known = labels.map((label) => label.typeId).join(", ");
    throw new RangeError(
      `${ends.from.type.name} and ${others.type.name} have no association type ${typeId}; known: ${known}`,
    );
  };
  return {
    ...ends,
    of: (from) =>
      Array.from(side.targetsOf(from.index), (index) => others.created[index] as StoredRecord)
        .filter(({ state }) => !state.removed && state.archivedMs === undefined)
        .map((to) => ({
          to,
          types: side.labelsOf(from.index, to.index).map((place) => labels[place] as AssociationLabel),
        })),
    add: (from, to, typeIds) => {
      const places = new Set([0, ...typeIds.map(placeOf)]);
      return side.add(
        from.index,
        to.index,
        [...places].sort((one, other) => one - other),
      );
    },
    delete: (from, to) => side.delete(from.index, to.index),
    move: (loser, winner) => {
      const kept = side.targetsOf(winner.index);
      for (const to of side.targetsOf(loser.index)) {
        const places = side.labelsOf(loser.index, to);
        if (!kept.includes(to)) side.add(winner.index, to, places);
        side.delete(loser.index, to);
      }
    },
  };
}
