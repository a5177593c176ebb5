/**
 * A regular expression as an automaton: its atoms (what matches one character), and which of them may come after
 * which, each way by which a backtracking engine gets there counted. What it cannot say is taken for the worst: a
 * back reference matches nothing, `\b` and lookarounds may fail.
 */
import { createRequire } from "node:module";
import type { AST, RegExpParser } from "@eslint-community/regexpp";
import { characterClasses } from "./regex-characters.ts";

export interface Automaton {
  /** Of each atom the classes of characters that it matches. */
  matches: readonly ReadonlySet<number>[];
  /** Of each atom those that may come after it, and in how many ways: 1, or 2 for several. */
  follows: readonly ReadonlyMap<number, number>[];
  /** Atoms after which the match is made: who comes by them never goes back. */
  settled: ReadonlySet<number>;
  /** Atoms that a match can come to. */
  reached: ReadonlySet<number>;
  /** What repeats an atom, the outermost first: empty for the search through the text. */
  repeats: readonly (readonly AST.Quantifier[])[];
}

/** The text before the match, which the engine skips a character at a time: as atoms, line ends and the others. */
const SCAN = 2;

/** A group that repeats this often repeats as good as for ever. */
const MANY = 10;
/** More than these copies of a single atom make no difference that counts. */
const MOST_COPIES = 60;
const MOST_NODES = 4_000;
const MOST_STEPS = 400_000;

type Step =
  | { kind: "atom"; atom: number }
  | { kind: "split"; next: number[] }
  | { kind: "start" | "end" | "unsure"; next: number }
  | { kind: "accept" };

interface Atom {
  element: AST.Character | AST.CharacterClass | AST.CharacterSet | AST.ExpressionCharacterClass;
  repeats: readonly AST.Quantifier[];
  /** The step after it. */
  next: number;
}

/** The automaton of a regular expression; undefined for one that is too large to judge. Throws for no expression. */
export function automatonOf(source: string, flags: string): Automaton | undefined {
  const { RegExpParser: Parser } = createRequire(import.meta.url)("@eslint-community/regexpp") as {
    RegExpParser: new () => RegExpParser;
  };
  const unicode = flags.includes("u");
  const pattern = new Parser().parsePattern(source, 0, source.length, {
    unicode,
    unicodeSets: flags.includes("v"),
  });
  const steps = new Steps();
  const first = steps.alternatives(pattern.alternatives, steps.add({ kind: "accept" }), []);
  if (steps.list.length > MOST_NODES) return undefined;
  const classes = characterClasses(
    steps.atoms.map(({ element }) => element),
    flags,
  );
  return linked(steps, first, { ...classes, multiline: flags.includes("m") });
}

/** The steps of a match, each made after what follows it. */
class Steps {
  readonly list: Step[] = [];
  readonly atoms: Atom[] = [];

  add(step: Step): number {
    return this.list.push(step) - 1;
  }

  alternatives(alternatives: readonly AST.Alternative[], next: number, repeats: readonly AST.Quantifier[]): number {
    const starts = alternatives.map(({ elements }) =>
      elements.reduceRight((after, element) => this.element(element, after, repeats), next),
    );
    return starts.length === 1 ? starts[0]! : this.add({ kind: "split", next: starts });
  }

  element(element: AST.Element, next: number, repeats: readonly AST.Quantifier[]): number {
    if (this.list.length > MOST_NODES) return next;
    switch (element.type) {
      case "Quantifier":
        return this.quantifier(element, next, [...repeats, element]);
      case "Group":
      case "CapturingGroup":
        return this.alternatives(element.alternatives, next, repeats);
      case "Backreference":
        return this.add({ kind: "unsure", next });
      case "Assertion":
        return this.assertion(element, next, repeats);
      default: {
        const atom = this.atoms.push({ element, repeats, next }) - 1;
        return this.add({ kind: "atom", atom: atom + SCAN });
      }
    }
  }

  assertion(assertion: AST.Assertion, next: number, repeats: readonly AST.Quantifier[]): number {
    if (!("alternatives" in assertion))
      return this.add({ kind: assertion.kind === "word" ? "unsure" : assertion.kind, next });
    // What a lookaround matches it tries on its own: another way to go that leads nowhere else.
    const inside = this.alternatives(assertion.alternatives, this.add({ kind: "accept" }), repeats);
    const ways = [inside, next].map((way) => this.add({ kind: "unsure", next: way }));
    return this.add({ kind: "split", next: ways });
  }

  quantifier({ element, min, max }: AST.Quantifier, exit: number, repeats: readonly AST.Quantifier[]): number {
    const once = (next: number): number => this.element(element as AST.Element, next, repeats);
    const isGroup = element.type === "Group" || element.type === "CapturingGroup";
    const isEndless = max - min > MOST_COPIES || (isGroup && max >= MANY);
    let start = exit;
    if (isEndless) {
      const again: Step = { kind: "split", next: [exit] };
      start = once(this.add(again));
      again.next.unshift(start);
      if (min === 0) start = this.add({ kind: "split", next: [start, exit] });
    } else {
      for (let copy = min; copy < max; copy++) start = this.add({ kind: "split", next: [once(start), exit] });
    }
    const copies = Math.min(min, isGroup ? MANY : MOST_COPIES) - (isEndless ? 1 : 0);
    for (let copy = 0; copy < copies; copy++) start = once(start);
    return start;
  }
}

interface Characters {
  matches: ReadonlySet<number>[];
  lineEnds: ReadonlySet<number>;
  others: ReadonlySet<number>;
  multiline: boolean;
}

/** Follows the steps that match no character, from every atom to those that may come next. */
function linked(steps: Steps, first: number, characters: Characters): Automaton | undefined {
  const matches = [characters.lineEnds, characters.others, ...characters.matches];
  const endsLine = (atom: number): boolean => [...characters.lineEnds].some((each) => matches[atom]!.has(each));
  let budget = MOST_STEPS;

  /** Where a match goes on after an atom, or from its very start (-1). */
  const from = (atom: number, start: number): { next: Map<number, number>; settles: boolean } => {
    const next = new Map<number, number>();
    let settles = false;
    const onPath = new Set<number>();
    const follow = (at: number, seen: { sure: boolean; ended: boolean }): void => {
      // A loop whose turn matched nothing is not taken again.
      if (onPath.has(at) || budget-- <= 0) return;
      const step = steps.list[at]!;
      onPath.add(at);
      if (step.kind === "accept") settles ||= seen.sure;
      else if (step.kind === "split") for (const each of step.next) follow(each, seen);
      else if (step.kind === "atom") {
        if (!seen.ended || (characters.multiline && endsLine(step.atom)))
          next.set(step.atom, Math.min(2, (next.get(step.atom) ?? 0) + 1));
      } else if (step.kind === "start") {
        if (atom === -1 || (characters.multiline && endsLine(atom))) follow(step.next, seen);
      } else follow(step.next, { sure: false, ended: seen.ended || step.kind === "end" });
      onPath.delete(at);
    };
    follow(start, { sure: true, ended: false });
    return { next, settles };
  };

  const begin = from(-1, first);
  const ways = matches.map((_, atom) => {
    if (atom >= SCAN) return from(atom, steps.atoms[atom - SCAN]!.next);
    const way = from(atom, first);
    for (let scan = 0; scan < SCAN; scan++) way.next.set(scan, 1);
    return way;
  });
  if (budget <= 0) return undefined;
  const follows = ways.map(({ next }) => next);
  const reached = new Set<number>([...begin.next.keys(), ...Array(SCAN).keys()]);
  for (const atom of reached) for (const after of follows[atom]!.keys()) reached.add(after);
  const settled = new Set(ways.flatMap(({ settles }, atom) => (settles ? [atom] : [])));
  return { matches, follows, settled, reached, repeats: [[], [], ...steps.atoms.map(({ repeats }) => repeats)] };
}
