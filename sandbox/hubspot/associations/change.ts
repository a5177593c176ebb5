/** Associations that are made and taken back while a sandbox runs, by a test or a person. */
import { Draw, hashText } from "../data/draw.ts";
import type { ObjectTypeName } from "../object-type.ts";
import type { Account } from "../routes/api-request.ts";
import type { StoredRecord } from "../stored-record.ts";
import type { Association, AssociationView } from "./book.ts";

export interface AssociationChange {
  from: ObjectTypeName;
  to: ObjectTypeName;
  /** These pairs of ids; without them `count` pairs, 1 unless given, chosen by the seed. */
  pairs?: ReadonlyArray<readonly [fromId: string, toId: string]>;
  count?: number;
  /** To associate: what they are called beside the plain association; a pair that is there gets these instead. */
  typeIds?: readonly number[];
  /** To dissociate: only such pairs are chosen whose `from` has no other one. */
  last?: boolean;
  /** Whether the records at both ends are changed as of now; default: as the sandbox was started. */
  touch?: boolean;
}

/** One association, as seen from its `from`. */
export interface AssociatedPair {
  fromId: string;
  toId: string;
  typeIds: number[];
}

type Ends = readonly [from: StoredRecord, to: StoredRecord];

export class AssociationChanges {
  private readonly account: Account;
  private readonly options: { seed: number; touchOnAssociate: boolean };
  private operations = 0;

  constructor(account: Account, options: { seed: number; touchOnAssociate: boolean }) {
    this.account = account;
    this.options = options;
  }

  /** All associations between live records of two types. Throws RangeError where there are no such associations. */
  all(from: ObjectTypeName, to: ObjectTypeName): AssociatedPair[] {
    const view = this.view(from, to);
    return view.from.created.filter(isLive).flatMap((record) => view.of(record).map((one) => pairOf(record, one)));
  }

  /** Gives the pairs as they are now. Throws RangeError for ids that are not there or not live. */
  associate(change: AssociationChange): AssociatedPair[] {
    const view = this.view(change.from, change.to);
    const pairs = change.pairs ? named(view, change.pairs) : this.newPairs(view, change.count ?? 1);
    for (const [from, to] of pairs) {
      if (view.add(from, to, change.typeIds ?? [])) this.touch(view, [from, to], change);
    }
    return pairs.map((ends) => shown(view, ends));
  }

  /** Gives the pairs as they were. Throws RangeError for pairs that are not there, or when too few are left. */
  dissociate(change: AssociationChange): AssociatedPair[] {
    const view = this.view(change.from, change.to);
    const pairs = change.pairs ? named(view, change.pairs) : this.somePairs(view, change);
    const before = pairs.map((ends) => shown(view, ends));
    for (const ends of pairs) {
      view.delete(...ends);
      this.touch(view, ends, change);
    }
    return before;
  }

  private view(from: ObjectTypeName, to: ObjectTypeName): AssociationView {
    const view = this.account.associations.between(from, to);
    if (!view) throw new RangeError(`${from} and ${to} are not associated in this account`);
    return view;
  }

  private touch(view: AssociationView, [from, to]: Ends, change: AssociationChange): void {
    if (!(change.touch ?? this.options.touchOnAssociate)) return;
    view.from.bump(from);
    view.to.bump(to);
  }

  private newPairs(view: AssociationView, count: number): Ends[] {
    const draw = this.draw(view);
    const [froms, tos] = [view.from, view.to].map((store) => store.created.filter(isLive)) as [
      StoredRecord[],
      StoredRecord[],
    ];
    const pairs = new Map<string, Ends>();
    // Most of the pairs that could be are not there; where nearly all are, it gives up.
    for (let attempt = 0; pairs.size < count; attempt++) {
      if (froms.length === 0 || tos.length === 0 || attempt > count * 100 + 1_000)
        throw new RangeError(`${view.from.type.name} and ${view.to.type.name}: no ${count} new pairs were found`);
      const [from, to] = [draw.pick(froms), draw.pick(tos)];
      if (!view.of(from).some((one) => one.to === to)) pairs.set(`${from.id}/${to.id}`, [from, to]);
    }
    return [...pairs.values()];
  }

  private somePairs(view: AssociationView, { count = 1, last = false }: AssociationChange): Ends[] {
    const draw = this.draw(view);
    const candidates = everyPair(view).filter(([from]) => !last || view.of(from).length === 1);
    if (candidates.length < count) throw new RangeError(`${count} associations asked for, ${candidates.length} there`);
    return Array.from({ length: count }, () => candidates.splice(draw.int(0, candidates.length - 1), 1)[0] as Ends);
  }

  private draw(view: AssociationView): Draw {
    const place = hashText(`${view.from.type.name}/${view.to.type.name}/chosen`);
    return new Draw().at(this.options.seed, ++this.operations, place);
  }
}

const isLive = ({ state }: StoredRecord) => !state.removed && state.archivedMs === undefined;

function everyPair(view: AssociationView): Ends[] {
  return view.from.created.filter(isLive).flatMap((from) => view.of(from).map(({ to }): Ends => [from, to]));
}

function named(view: AssociationView, pairs: NonNullable<AssociationChange["pairs"]>): Ends[] {
  return pairs.map(([fromId, toId]): Ends => [view.from.live(fromId), view.to.live(toId)]);
}

/** Throws RangeError where the two are not associated. */
function shown(view: AssociationView, [from, to]: Ends): AssociatedPair {
  const one = view.of(from).find((other) => other.to === to);
  if (!one)
    throw new RangeError(`${view.from.type.name} ${from.id} and ${view.to.type.name} ${to.id} are not associated`);
  return pairOf(from, one);
}

function pairOf(from: StoredRecord, { to, types }: Association): AssociatedPair {
  return { fromId: from.id, toId: to.id, typeIds: types.map((type) => type.typeId) };
}
