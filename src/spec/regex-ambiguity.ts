/**
 * How many ways there are to match one text, which is what a backtracking engine tries before it says no. Two ways
 * round one loop double with every turn: exponential. A loop that can hand over to another at any of the characters
 * that both match adds a power of the text's length. After Weber and Seidl, On the degree of ambiguity of finite
 * automata (1991).
 */
import type { Automaton } from "./regex-automaton.ts";

export interface Ambiguity {
  /** The power of the text's length that time grows with; Infinity for exponential. */
  degree: number;
  /** Atoms of the loops that are to blame. */
  loops: readonly (readonly number[])[];
}

const MOST_STEPS = 500_000;

/** The ambiguity of an automaton; undefined where that takes too long to tell. */
export function ambiguityOf(automaton: Automaton): Ambiguity | undefined {
  const budget = { left: MOST_STEPS };
  const graph = graphOf(automaton);
  const loops = loopsOf(graph);
  const exponential = loops.find((loop) => hasTwoWays(graph, loop, budget));
  if (exponential) return { degree: Number.POSITIVE_INFINITY, loops: [exponential] };
  const chain = longestChain(graph, loops, budget);
  return budget.left <= 0 ? undefined : { degree: Math.max(1, chain.length), loops: chain };
}

interface Graph {
  /** Of each atom, by class of the next character, those that match it next. */
  steps: ReadonlyMap<number, readonly number[]>[];
  follows: readonly ReadonlyMap<number, number>[];
}

/** Only atoms that a match comes to and may have to go back from. */
function graphOf({ matches, follows, settled, reached }: Automaton): Graph {
  const counts = (atom: number): boolean => reached.has(atom) && !settled.has(atom);
  const kept = follows.map((next, atom) => new Map(counts(atom) ? [...next].filter(([after]) => counts(after)) : []));
  const steps = kept.map((next) => {
    const byClass = new Map<number, number[]>();
    for (const after of next.keys())
      for (const each of matches[after]!) byClass.set(each, [...(byClass.get(each) ?? []), after]);
    return byClass;
  });
  return { steps, follows: kept };
}

/** Strongly connected atoms, loops that come back to themselves alone among them; what leads on comes first. */
function loopsOf({ follows }: Graph): number[][] {
  const reach = follows.map((_, atom) => reachOf(follows, atom));
  const loops: number[][] = [];
  const placed = new Set<number>();
  for (const atom of follows.keys()) {
    if (placed.has(atom) || !reach[atom]!.has(atom)) continue;
    const loop = [...reach[atom]!].filter((other) => reach[other]!.has(atom));
    for (const each of loop) placed.add(each);
    loops.push(loop);
  }
  return loops.toSorted((a, b) => (reach[a[0]!]!.has(b[0]!) ? -1 : reach[b[0]!]!.has(a[0]!) ? 1 : 0));
}

/** What comes after an atom, at once or later. */
function reachOf(follows: Graph["follows"], atom: number): Set<number> {
  const reach = new Set(follows[atom]!.keys());
  for (const each of reach) for (const after of follows[each]!.keys()) reach.add(after);
  return reach;
}

/** True where one text leads from an atom of the loop back to it in two ways. */
function hasTwoWays({ steps, follows }: Graph, loop: readonly number[], budget: { left: number }): boolean {
  const inside = new Set(loop);
  if (loop.some((atom) => [...follows[atom]!].some(([after, ways]) => inside.has(after) && ways > 1))) return true;
  const size = follows.length;
  const start = loop[0]! * size + loop[0]!;
  const before = new Map<number, number[]>([[start, []]]);
  for (const pair of before.keys()) {
    const [one, other] = [Math.floor(pair / size), pair % size];
    for (const [each, nexts] of steps[one]!)
      for (const a of nexts)
        for (const b of steps[other]!.get(each) ?? []) {
          if (!inside.has(a) || !inside.has(b) || budget.left-- <= 0) continue;
          const known = before.get(a * size + b);
          if (known) known.push(pair);
          else before.set(a * size + b, [pair]);
        }
  }
  // Back from where both ways are at one atom: a pair of two atoms on the way has gone apart and comes together.
  const together = new Set([...before.keys()].filter((pair) => Math.floor(pair / size) === pair % size));
  for (const pair of together) for (const earlier of before.get(pair)!) together.add(earlier);
  return [...together].some((pair) => Math.floor(pair / size) !== pair % size);
}

/** The loops of the longest chain in which each can hand over to the next anywhere in a text that both match. */
function longestChain(graph: Graph, loops: readonly number[][], budget: { left: number }): number[][] {
  const chains: number[][][] = loops.map((loop) => [loop]);
  const reach = loops.map(([first]) => reachOf(graph.follows, first!));
  for (const [index, loop] of loops.entries())
    for (const [earlier, from] of loops.slice(0, index).entries()) {
      if (!reach[earlier]!.has(loop[0]!)) continue;
      const before = chains[earlier]!;
      // Loops that do not trade still come one after the other: each brings along what it has.
      const joined = handsOver(graph, [from, loop], budget) ? [...before, loop] : before;
      if (joined.length > chains[index]!.length) chains[index] = joined;
    }
  return chains.reduce((longest, chain) => (chain.length > longest.length ? chain : longest), []);
}

/** True where one text leads round `from`, from `from` to `to`, and round `to`. */
function handsOver({ steps }: Graph, [from, to]: [number[], number[]], budget: { left: number }): boolean {
  const [inFrom, inTo] = [new Set(from), new Set(to)];
  const size = steps.length;
  return from.some((p) =>
    to.some((q) => {
      const seen = new Set([(p * size + p) * size + q]);
      const goal = (p * size + q) * size + q;
      for (const triple of seen) {
        if (triple === goal) return true;
        const [one, two, three] = [Math.floor(triple / size / size), Math.floor(triple / size) % size, triple % size];
        for (const [each, nexts] of steps[one]!)
          for (const a of nexts) {
            if (!inFrom.has(a)) continue;
            for (const c of steps[three]!.get(each) ?? []) {
              if (!inTo.has(c)) continue;
              for (const b of steps[two]!.get(each) ?? []) if (budget.left-- > 0) seen.add((a * size + b) * size + c);
            }
          }
      }
      return false;
    }),
  );
}
