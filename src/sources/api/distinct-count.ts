/**
 * Counts distinct values by their hashes: open addressing in one array of doubles, 16 to 32 bytes a value, and none
 * of the garbage of a Set. Beyond `maxHashes` every value counts as a new one: too many found is a check that says
 * less, never a false alarm.
 */
import { hashOf } from "./hash.ts";

const maxHashes = 4_194_304;

export class DistinctCount {
  /** 0 is an empty place: a hash of 0 is taken for 1. */
  private table = new Float64Array(1024);
  private held = 0;
  private readonly limit: number;
  /** How many distinct values there were. */
  count: number;

  /** @param before distinct values that an earlier run counted. */
  constructor(before = 0, limit = maxHashes) {
    this.count = before;
    this.limit = limit;
  }

  add(value: unknown): void {
    if (this.held >= this.limit) this.count++;
    else if (this.insert(hashOf(value) || 1)) this.count++;
  }

  private insert(hash: number): boolean {
    if (this.held * 2 >= this.table.length) this.grow();
    const place = placeOf(this.table, hash);
    if (this.table[place] === hash) return false;
    this.table[place] = hash;
    this.held++;
    return true;
  }

  private grow(): void {
    const wider = new Float64Array(this.table.length * 2);
    for (const hash of this.table) if (hash !== 0) wider[placeOf(wider, hash)] = hash;
    this.table = wider;
  }
}

/** Where the hash stands, or the empty place where it would. The table's length is a power of two. */
function placeOf(table: Float64Array, hash: number): number {
  let place = hash % table.length;
  while (table[place] !== 0 && table[place] !== hash) place = (place + 1) & (table.length - 1);
  return place;
}
