/** One column: its expression's value, coerced, required, validated. */
import { RecordError, messageOf } from "../../errors.ts";
import type { Field } from "../../spec/types.ts";
import type { Value } from "../../sinks/contract.ts";
import { compileCoercion, type CoercionOptions } from "../../values/coerce.ts";
import { validators } from "../validators/index.ts";
import type { Failure, Mapped, Stage, ValidationMode } from "./outcome.ts";

export interface FieldOptions {
  /** Upsert keys are always required. */
  isKey: boolean;
  validation: ValidationMode;
  skipValidation: boolean;
  /** Of the source. */
  nullValues: readonly string[];
}

/** Puts what the expression gave into `mapped.row[index]`, or says why it cannot. */
export type FinishField = (value: unknown, mapped: Mapped, index: number) => void;

/** Messages quote the value; that of a sensitive field is shown nowhere. */
const notShown = "the value does not fit; the field is sensitive, so it is not shown";

/** An expression that threw: it travels as a value, so that one field's failure does not hide another's. */
export class ThrownValue {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** Compiles what happens to a column's value. Throws SpecError for a type, format or zone that does not exist. */
export function compileField(column: string, field: Field, options: FieldOptions): FinishField {
  const coercionOptions: CoercionOptions = {
    format: field.format,
    timeZone: field.time_zone,
    trim: field.trim,
    keepEmpty: field.keep_empty,
    nullValues: options.nullValues,
  };
  const coerce = compileCoercion(field.type, coercionOptions);
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
  let warnings: Mapped["warnings"] = [];
  let current: unknown;
  const warn = (rule: string, message: string): void => {
    warnings.push({ field: column, rule, message, value: shown(current) });
  };

  /** A value that does not fit: a reject, or NULL with a warning where nothing forbids that. */
  const misfit = (mapped: Mapped, stage: Stage, rule: string, value: unknown, message: string): null => {
    const problem = { field: column, rule, message: field.sensitive ? notShown : message, value: shown(value) };
    if (options.validation === "strict" || required) mapped.failures.push({ stage, ...problem });
    else mapped.warnings.push({ stage, ...problem });
    return null;
  };

  const typed = (value: unknown, mapped: Mapped): { value: Value; failed: boolean } => {
    if (value instanceof ThrownValue)
      return {
        value: misfit(mapped, "map", "expression", undefined, `the expression failed: ${messageOf(value.error)}`),
        failed: true,
      };
    try {
      warnings = mapped.warnings;
      current = value;
      return { value: coerce(value, warn) ?? fallback, failed: false };
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      return { value: misfit(mapped, "coerce", field.type.replace(/\(.*/, ""), value, error.message), failed: true };
    }
  };

  return (raw, mapped, index) => {
    let { value, failed } = typed(raw, mapped);
    for (const { rule, check, message } of value === null ? [] : checks) {
      try {
        value = check(value as Exclude<Value, null>);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        const problem: Omit<Failure, "stage"> = {
          field: column,
          rule,
          message: message ?? (field.sensitive ? notShown : error.message),
          value: shown(value),
        };
        if (onFail === "reject") mapped.failures.push({ stage: "validate", ...problem });
        else mapped.warnings.push(problem);
        if (onFail === "unset") value = null;
        break;
      }
      if (value === null) break;
    }
    if (value === null && required && !failed) {
      mapped.failures.push({
        stage: "required",
        field: column,
        rule: "required",
        message: options.isKey ? "is missing, and it is an upsert key" : "is missing, and it is required",
      });
    }
    mapped.row[index] = value;
  };
}
