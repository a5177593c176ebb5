import { expect, test } from "vitest";
import { RecordError } from "../../src/errors.ts";
import { compileCoercion, type CoercionOptions } from "../../src/values/coerce.ts";

/** A case that fits: what goes in, what comes out, the rules that were warned about. */
export type Fits = readonly [value: unknown, result: unknown, ...rules: string[]];
/** A case that does not: what goes in, the message. */
export type Misfit = readonly [value: unknown, message: string];

const nameOf = (value: unknown): string =>
  typeof value === "bigint"
    ? `${value}n`
    : value instanceof Date
      ? `Date(${value.getTime()})`
      : (JSON.stringify(value) ?? String(value));

/** One test a case: values of a type with what becomes of them. */
export function coercionTable(
  type: string,
  options: CoercionOptions,
  cases: { fits?: readonly Fits[]; misfits?: readonly Misfit[] },
): void {
  const coerce = compileCoercion(type, options);
  const title = Object.keys(options).length > 0 ? `${type} ${JSON.stringify(options)}` : type;
  for (const [value, result, ...rules] of cases.fits ?? []) {
    test(`${title}: ${nameOf(value)} becomes ${nameOf(result)}`, () => {
      const warned: string[] = [];
      expect(coerce(value, (rule) => warned.push(rule))).toStrictEqual(result);
      expect(warned).toEqual(rules);
    });
  }
  for (const [value, message] of cases.misfits ?? []) {
    test(`${title}: ${nameOf(value)} does not fit`, () => {
      const error = thrownBy(() => coerce(value, () => {}));
      expect(error).toBeInstanceOf(RecordError);
      expect((error as RecordError).message).toBe(message);
    });
  }
}

export function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
