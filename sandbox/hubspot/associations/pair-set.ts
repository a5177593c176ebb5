/** All associations between two object types, to be read and changed from both sides. */
import { Draw, hashText } from "../data/draw.ts";
import type { BasePairs } from "./base-pairs.ts";
import { Links } from "./links.ts";

export interface PairSetOptions {
  seed: number;
  /** Keeps the draws of two sets apart. */
  name: string;
  /** How many labels there are; the plain one comes first and is always there. */
  labels: number;
  sizes: { left: number; right: number };
}

/** The pairs as one side sees them. Records are their indexes, labels their places in the definition. */
export interface PairSide {
  /** Ascending. Not to be altered. */
  targetsOf(from: number): Int32Array;
  /** Ascending; the plain one, 0, is among them. */
  labelsOf(from: number, to: number): readonly number[];
  /** Adds a pair, or gives one that is there other labels. Whether anything is new. */
  add(from: number, to: number, labels: readonly number[]): boolean;
  /** Whether it was there. */
  delete(from: number, to: number): boolean;
}

/** How many of the pairs of the base data have a label beside the plain one. */
const labelled = 0.15;

export class PairSet {
  readonly fromLeft: PairSide;
  readonly fromRight: PairSide;
  private readonly options: PairSetOptions;
  private readonly rights: Links;
  private readonly lefts: Links;
  /** Labels that somebody set, by pair; those of the base data are drawn. */
  private readonly written = new Map<string, readonly number[]>();
  private readonly place: number;
  private readonly draw = new Draw();

  constructor(base: BasePairs, options: PairSetOptions) {
    this.options = options;
    this.place = hashText(`${options.name}/labels`);
    this.rights = new Links(base.lefts, base.rights, options.sizes.left);
    this.lefts = new Links(base.rights, base.lefts, options.sizes.right);
    this.fromLeft = {
      targetsOf: (left) => this.rights.of(left),
      labelsOf: (left, right) => this.labelsOf(left, right),
      add: (left, right, labels) => this.add(left, right, labels),
      delete: (left, right) => this.delete(left, right),
    };
    this.fromRight = {
      targetsOf: (right) => this.lefts.of(right),
      labelsOf: (right, left) => this.labelsOf(left, right),
      add: (right, left, labels) => this.add(left, right, labels),
      delete: (right, left) => this.delete(left, right),
    };
  }

  private labelsOf(left: number, right: number): readonly number[] {
    // Most sandboxes have none, and the key costs more than the draw.
    const written = this.written.size > 0 ? this.written.get(`${left}/${right}`) : undefined;
    if (written) return written;
    const { labels, seed } = this.options;
    if (labels < 2 || this.draw.at(seed + left, right, this.place).next() >= labelled) return [0];
    return [0, this.draw.int(1, labels - 1)];
  }

  private add(left: number, right: number, labels: readonly number[]): boolean {
    const isNew = this.rights.add(left, right);
    if (isNew) this.lefts.add(right, left);
    const before = isNew ? "" : this.labelsOf(left, right).join();
    this.written.set(`${left}/${right}`, labels);
    return before !== labels.join();
  }

  private delete(left: number, right: number): boolean {
    this.written.delete(`${left}/${right}`);
    this.lefts.delete(right, left);
    return this.rights.delete(left, right);
  }
}
