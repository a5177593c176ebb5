/** A checksum of keys that every SQL computes alike, in whatever order the rows come: two tables are compared by it. */

/** Primes below 2^31: a product of two remainders fits into 64 bits. Two of them tell numbers of 64 bits apart. */
const moduli = [2_147_483_647, 2_147_483_629] as const;
/** One for each column of the key, after which they are taken again with an addend of their own. */
const factors = [1_540_483_477, 668_265_263, 374_761_393, 1_103_515_245] as const;

export interface ChecksumSql {
  /** Stands before the query that gives the keys … */
  before: string;
  /** … and this after it. The result has one row: `n`, the count, and the sums `a` and `b`. */
  after: string;
}

/**
 * The SQL around a query of keys.
 * Sums and sums of squares will not do: {1, 5, 6} and {2, 3, 7} have the same. So what is summed is the fifth power
 * of each key's remainder, which is another for each remainder.
 * @param columns as the query names them; whole numbers, never NULL
 * @param whole an expression as a signed number of 64 bits, which is all that the dialects do not write alike
 */
export function checksumSql(columns: readonly string[], whole: (expression: string) => string): ChecksumSql {
  const mixed = (modulus: number): string => {
    const terms = columns.map(
      (column, index) =>
        `(${whole(`${column} % ${modulus}`)} * ${factors[index % factors.length]! - index}) % ${modulus}`,
    );
    return `(${terms.join(" + ")} + 12345) % ${modulus}`;
  };
  const [first, second] = moduli;
  const fifth = (name: string, modulus: number): string =>
    `sum((((${name}2 * ${name}2) % ${modulus}) * ${name}1) % ${modulus})`;
  return {
    before: `SELECT count(*) AS n, ${fifth("a", first)} AS a, ${fifth("b", second)} AS b FROM (SELECT a1, (a1 * a1) % ${first} AS a2, b1, (b1 * b1) % ${second} AS b2 FROM (SELECT ${mixed(first)} AS a1, ${mixed(second)} AS b1 FROM (`,
    after: "\n) AS keys_read) AS mixed) AS squared",
  };
}
