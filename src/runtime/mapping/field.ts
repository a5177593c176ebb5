/** One column: its expression's value, coerced, required, validated. */
import { RecordError, messageOf } from "../../errors.ts";
import type { Field } from "../../spec/types.ts";
import type { Value } from "../../sinks/contract.ts";
import { compileCoercion, type CoercionOptions } from "../../values/coerce.ts";
import { compileInForm } from "../../values/in-form.ts";
import { validators } from "../validators/index.ts";
import { addFailure, addWarning, type Failure, type Mapped, type Stage, type ValidationMode } from "./outcome.ts";

export interface FieldOptions {
  /** Upsert keys are always required. */
  isKey: boolean;
  validation: ValidationMode;
  skipValidation: boolean;
  /** Of the source. */
  nullValues: readonly string[];
}

export interface CompiledField {
  /** The column's value of what the expression gave; null, and a failure or a warning in `mapped`, where there is none. */
  finish(value: unknown, mapped: Mapped): Value;
  /** True for a value that `finish` gives back as it is, with nothing to say. Absent where nothing can be told so. */
  isInForm?(value: unknown): boolean;
  /** Nothing becomes null, with nothing to say. */
  mayBeMissing: boolean;
}

/** Messages quote the value; that of a sensitive field is shown nowhere. */
const notShown = "the value does not fit; the field is sensitive, so it is not shown";

/** An expression that threw: it travels as a value, so that one field's failure does not hide another's. */
export class ThrownValue {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** Says that the value does not fit, where null is one that does. */
const MISFIT = Symbol("does not fit");

/** Compiles what happens to a column's value. Throws SpecError for a type, format or zone that does not exist. */
export function compileField(column: string, field: Field, options: FieldOptions): CompiledField {
  const coercionOptions: CoercionOptions = {
    format: field.format,
    timeZone: field.time_zone,
    trim: field.trim,
    keepEmpty: field.keep_empty,
    nullValues: options.nullValues,
  };
  const coerce = compileCoercion(field.type, coercionOptions);
  const isInForm = compileInForm(field.type, coercionOptions);
  const fallback =
    field.default === undefined
      ? null
      : compileCoercion(field.type, { ...coercionOptions, format: undefined })(field.default, () => {});
  const checks = options.skipValidation
    ? []
    : ((field.validate ?? []) as { name: string; rule: string; options: unknown; message?: string }[]).map((use) => {
        const compile = validators[use.name];
        if (!compile) throw new Error(`validator ${use.name} is in the schema, not in the registry`);
        return { rule: use.rule, check: compile(use.options), message: field.message ?? use.message };
      });
  const onFail = field.on_fail ?? (options.validation === "strict" ? "reject" : "warn");
  const required = field.required || options.isKey;
  const shown = (value: unknown): unknown => (field.sensitive ? undefined : value);
  // What is being coerced: a closure for each value would be one for each field of each record.
  let holder: Mapped | undefined;
  let current: unknown;
  const warn = (rule: string, message: string): void => {
    addWarning(holder!, { field: column, rule, message, value: shown(current) });
  };

  /** A value that does not fit: a reject, or NULL with a warning where nothing forbids that. */
  const misfit = (mapped: Mapped, stage: Stage, rule: string, value: unknown, message: string): typeof MISFIT => {
    const problem = { field: column, rule, message: field.sensitive ? notShown : message, value: shown(value) };
    if (options.validation === "strict" || required) addFailure(mapped, { stage, ...problem });
    else addWarning(mapped, { stage, ...problem });
    return MISFIT;
  };

  const typed = (value: unknown, mapped: Mapped): Value | typeof MISFIT => {
    if (value instanceof ThrownValue)
      return misfit(mapped, "map", "expression", undefined, `the expression failed: ${messageOf(value.error)}`);
    try {
      holder = mapped;
      current = value;
      return coerce(value, warn) ?? fallback;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      return misfit(mapped, "coerce", field.type.replace(/\(.*/, ""), value, error.message);
    }
  };

  /** Checks in turn; what fails one is kept as it was, unless it is to be unset. */
  const checked = (given: Value, mapped: Mapped): Value => {
    let value = given;
    for (const { rule, check, message } of checks) {
      if (value === null) return null;
      try {
        value = check(value);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        const problem: Omit<Failure, "stage"> = {
          field: column,
          rule,
          message: message ?? (field.sensitive ? notShown : error.message),
          value: shown(value),
        };
        if (onFail === "reject") addFailure(mapped, { stage: "validate", ...problem });
        else addWarning(mapped, problem);
        return onFail === "unset" ? null : value;
      }
    }
    return value;
  };

  const finish = (raw: unknown, mapped: Mapped): Value => {
    const given = checks.length > 0 && isInForm?.(raw) ? (raw as Value) : typed(raw, mapped);
    if (given === MISFIT) return null;
    const value = checks.length === 0 ? given : checked(given, mapped);
    if (value === null && required)
      addFailure(mapped, {
        stage: "required",
        field: column,
        rule: "required",
        message: options.isKey ? "is missing, and it is an upsert key" : "is missing, and it is required",
      });
    return value;
  };
  return {
    finish,
    isInForm: checks.length === 0 ? isInForm : undefined,
    mayBeMissing: !required && fallback === null,
  };
}
