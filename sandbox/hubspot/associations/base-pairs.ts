/** The associations that a sandbox starts with: the same for the same seed and counts. */
import { Draw, hashText } from "../data/draw.ts";
import type { AssociationDefinition } from "./definition.ts";

/** Record indexes at both ends; no pair twice. */
export interface BasePairs {
  lefts: Int32Array;
  rights: Int32Array;
}

export interface PairOptions {
  seed: number;
  /** How many records each side starts with. */
  sizes: { left: number; right: number };
  /** So many deals belong to one contact. */
  busyContactDeals: number;
}

/** Which contact that is, in the order of creation: no ugly one, where there are so many. */
const busyContact = 100;

/** How the records of one side pick theirs of the other: that many of them none, that many more than one. */
const picking: Readonly<Record<string, { by: "left" | "right"; none: number; two: number }>> = {
  "contacts/deals": { by: "right", none: 0.1, two: 0.2 },
  "appointments/contacts": { by: "left", none: 0.06, two: 0.1 },
  "contacts/divisions": { by: "left", none: 0.35, two: 0.08 },
};

/** Draws them. A record is picked by chance, so some have many, most one, and a good part none. */
export function basePairs(definition: AssociationDefinition, options: PairOptions): BasePairs {
  const key = `${definition.left}/${definition.right}`;
  const rule = picking[key];
  const { left, right } = options.sizes;
  const [count, others] = rule?.by === "left" ? [left, right] : [right, left];
  const from: number[] = [];
  const to: number[] = [];
  const draw = new Draw();
  const place = hashText(`${key}/pairs`);
  const busyCount = key === "contacts/deals" && others > 0 ? options.busyContactDeals : 0;
  const busy = busyCount > 0 ? Math.min(busyContact, others - 1) : -1;
  for (let index = 0; index < (others > 0 ? count : 0); index++) {
    draw.at(options.seed, index, place);
    const chance = draw.next();
    const wanted = !rule || chance < rule.none ? 0 : chance < 1 - rule.two ? 1 : 2;
    const mine = new Set<number>();
    // Spread evenly over all of them.
    if (Math.floor((index * busyCount) / count) !== Math.floor(((index + 1) * busyCount) / count)) mine.add(busy);
    for (let at = 0; at < wanted; at++) {
      const other = draw.int(0, others - 1);
      // The busy one has its share and no more.
      if (other !== busy) mine.add(other);
    }
    for (const other of mine) {
      from.push(index);
      to.push(other);
    }
  }
  const [lefts, rights] = rule?.by === "left" ? [from, to] : [to, from];
  return { lefts: Int32Array.from(lefts), rights: Int32Array.from(rights) };
}
