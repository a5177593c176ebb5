/** Random expressions of the whole grammar, and random JSON with the names that they use. */
import fc from "fast-check";

const name = fc.constantFrom("a", "b", "c", "d", "`a b`");
const variable = fc.constantFrom("$x", "$y", "$z", "$", "$$", "$params", "$params.a");
const text = fc.constantFrom(
  '"a"',
  '"b"',
  '""',
  '"ab"',
  '"1"',
  '"a b,c"',
  '"é😀"',
  '"0x1F"',
  '"2020-01-31"',
  '"[Y]-[M]"',
);
const number = fc.constantFrom("0", "1", "2", "-1", "1.5", "-2", "10", "1e3", "0.1");
const pattern = fc.constantFrom("/a/", "/[a-c]+/", "/(a)(b)?/", "/\\d/i", "/x*/", "/b$/");
const bound = fc.constantFrom("x", "y", "z");
const operator = fc.constantFrom(
  "+",
  "-",
  "*",
  "/",
  "%",
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "&",
  "in",
  "and",
  "or",
  "?:",
  "??",
);

const ofOne = fc.constantFrom(
  ..."sum count max min average string lowercase uppercase length trim base64encode base64decode number floor ceil round abs sqrt boolean not keys exists spread merge reverse type distinct sort toMillis fromMillis encodeUrlComponent decodeUrlComponent clone single formatBase zip each sift".split(
    " ",
  ),
);
const ofTwo = fc.constantFrom(
  ..."string substring substringBefore substringAfter pad contains split join formatNumber formatInteger parseInteger formatBase round power lookup append zip toMillis fromMillis match".split(
    " ",
  ),
);
const ofAFunction = fc.constantFrom("map", "filter", "single", "reduce", "each", "sift", "sort");

interface Tied {
  any: string;
  step: string;
  path: string;
  lambda: string;
}

export const expressions: fc.Arbitrary<string> = fc.letrec<Tied>((tie) => {
  const any = tie("any");
  const list = fc.array(any, { maxLength: 3 }).map((items) => items.join(", "));
  const pairs = fc
    .array(fc.tuple(fc.oneof({ weight: 3, arbitrary: text }, any), any), { maxLength: 2 })
    .map((all) => all.map(([key, value]) => `${key}: ${value}`).join(", "));
  const callee = fc.oneof(
    tie("lambda"),
    fc.oneof(ofOne, ofTwo, ofAFunction).map((given) => `$${given}`),
    bound.map((given) => `$${given}`),
    ofTwo.chain((given) => any.map((value) => `$${given}(?, ${value})`)),
    ofTwo.chain((given) => any.map((value) => `$${given}(${value}, ?)`)),
    pattern,
  );
  const suffix = fc.oneof(
    { weight: 4, arbitrary: fc.constant("") },
    fc.constantFrom("[0]", "[-1]", "[1]", "[]", "#$x", "@$y"),
    any.map((inner) => `[${inner}]`),
    fc.tuple(fc.constantFrom("", "<", ">"), any).map(([direction, inner]) => `^(${direction}${inner})`),
    pairs.map((inner) => `{${inner}}`),
  );
  const call = fc.oneof(
    fc.tuple(ofOne, any).map(([given, value]) => `$${given}(${value})`),
    ofOne.map((given) => `$${given}()`),
    fc.tuple(ofTwo, any, any).map(([given, left, right]) => `$${given}(${left}, ${right})`),
    fc.tuple(ofAFunction, any, callee).map(([given, value, called]) => `$${given}(${value}, ${called})`),
    fc.tuple(any, callee, any).map(([value, called, start]) => `$reduce(${value}, ${called}, ${start})`),
    fc
      .tuple(fc.constantFrom("contains", "match", "split"), any, pattern)
      .map(([given, value, matched]) => `$${given}(${value}, ${matched})`),
    fc
      .tuple(any, fc.oneof(pattern, text), fc.oneof(fc.constantFrom('"-"', '"$1$0"', '"$$x$"'), any, tie("lambda")))
      .map(([value, matched, replacement]) => `$replace(${value}, ${matched}, ${replacement})`),
    fc.tuple(callee, list).map(([called, values]) => `(${called})(${values})`),
    fc.tuple(bound, list).map(([called, values]) => `$${called}(${values})`),
  );
  return {
    lambda: fc
      .tuple(
        fc.constantFrom("$x", "$x, $y", "", "$x, $y, $z"),
        fc.constantFrom("", "", "", "<n:n>", "<s-:s>", "<a<n>>"),
        any,
      )
      .map(([parameters, signature, body]) => `function(${parameters})${signature}{${body}}`),
    step: fc.oneof(
      { weight: 6, arbitrary: name },
      fc.constantFrom("*", "**", "%", "$", "$x"),
      any.map((inner) => `(${inner})`),
      list.map((inner) => `[${inner}]`),
      pairs.map((inner) => `{${inner}}`),
      call,
    ),
    path: fc
      .array(fc.tuple(tie("step"), suffix), { minLength: 1, maxLength: 4 })
      .map((steps) => steps.map(([step, after]) => step + after).join(".")),
    any: fc.oneof(
      { depthSize: "small" },
      { weight: 4, arbitrary: fc.oneof(name, number, text, variable, fc.constantFrom("true", "false", "null")) },
      { weight: 6, arbitrary: tie("path") },
      { weight: 4, arbitrary: fc.tuple(any, operator, any).map(([left, sign, right]) => `(${left} ${sign} ${right})`) },
      { weight: 4, arbitrary: call },
      { weight: 1, arbitrary: any.map((inner) => `-(${inner})`) },
      {
        weight: 2,
        arbitrary: fc.tuple(any, any, any).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
      },
      { weight: 1, arbitrary: list.map((inner) => `[${inner}]`) },
      { weight: 1, arbitrary: fc.tuple(number, any).map(([from, to]) => `[${from}..${to}]`) },
      { weight: 1, arbitrary: pairs.map((inner) => `{${inner}}`) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(bound, fc.oneof(any, tie("lambda")), fc.array(any, { maxLength: 2 }), suffix)
          .map(
            ([given, value, rest, after]) => `($${given} := ${value}; ${[...rest, `$${given}`].join("; ")})${after}`,
          ),
      },
      { weight: 2, arbitrary: fc.tuple(any, callee).map(([value, called]) => `(${value} ~> ${called})`) },
      { weight: 1, arbitrary: fc.tuple(any, call).map(([value, called]) => `(${value} ~> ${called})`) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(any, tie("path"), pairs, fc.constantFrom("", ", 'a'", ", ['a','b']"))
          .map(([value, place, changes, removed]) => `(${value} ~> |${place}|{${changes}}${removed}|)`),
      },
    ) as fc.Arbitrary<string>,
  };
}).any;

export const documents: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  object: fc.dictionary(fc.constantFrom("a", "b", "c", "d", "a b"), tie("value"), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown[]>(0, 1, 2, -1, 1.5, "a", "b", "ab", "", "1", "a b", true, false, null),
    tie("object"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(tie("object"), { maxLength: 3 }),
  ),
})).object;
