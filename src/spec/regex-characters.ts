/** Characters that a regular expression does not tell apart, as classes. */
import type { AST } from "@eslint-community/regexpp";

type Atom = AST.Character | AST.CharacterClass | AST.CharacterSet | AST.ExpressionCharacterClass;

/** What stands for the characters that no atom names. */
const usual = "\0\t\n\r !'-./09:@AFZ[_afz{~\u00a0\u00e9\u2028\u4e2d";

/**
 * Which classes each atom matches, and which of them are line ends. The engine itself is asked, about the characters
 * at the edges of what the atoms name: between two edges nothing changes.
 */
export function characterClasses(
  atoms: readonly Atom[],
  flags: string,
): { matches: ReadonlySet<number>[]; lineEnds: ReadonlySet<number>; others: ReadonlySet<number> } {
  const kept = flags.replace(/[^isuv]/g, "");
  const samples = new Set(usual);
  if (/[uv]/.test(kept)) samples.add("\u{1f600}");
  for (const atom of atoms)
    for (const edge of edgesOf(atom)) {
      const text = String.fromCodePoint(edge);
      for (const form of [text, text.toLowerCase(), text.toUpperCase()]) if ([...form].length === 1) samples.add(form);
    }
  const forms = new Map<string, RegExp>();
  const formOf = ({ raw }: Atom): RegExp => {
    const known = forms.get(raw) ?? new RegExp(`^(?:${raw})$`, kept);
    forms.set(raw, known);
    return known;
  };
  const tests = [/^[\n\r\u2028\u2029]$/, ...atoms.map(formOf)];
  const classes = new Map<string, boolean[]>();
  for (const sample of samples) {
    const matched = tests.map((test) => test.test(sample));
    classes.set(matched.map(Number).join(""), matched);
  }
  const all = [...classes.values()];
  const where = (holds: (matched: boolean[]) => boolean): Set<number> =>
    new Set(all.flatMap((matched, index) => (holds(matched) ? [index] : [])));
  return {
    matches: atoms.map((_, atom) => where((matched) => matched[atom + 1]!)),
    lineEnds: where(([isLineEnd]) => isLineEnd!),
    others: where(([isLineEnd]) => !isLineEnd),
  };
}

function edgesOf(element: Atom | AST.CharacterClassElement): number[] {
  if (element.type === "Character") return [element.value];
  if (element.type === "CharacterClassRange")
    return [element.min.value - 1, element.min.value, element.max.value, element.max.value + 1].filter(
      (code) => code >= 0 && code <= 0x10ffff,
    );
  return element.type === "CharacterClass" ? element.elements.flatMap(edgesOf) : [];
}
