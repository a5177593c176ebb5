/** Follows the delta of the records that are read, and keeps out those outside the window where that is our part. */
import { FatalError, messageOf, RecordError } from "../errors.ts";
import type { Bound } from "../sources/contract.ts";
import type { Delta } from "../spec/types.ts";
import type { CompiledDelta } from "./delta.ts";
import { ThrownValue } from "./mapping/field.ts";

export interface TrackerOptions {
  delta?: CompiledDelta;
  spec?: Delta;
  /** Records outside are filtered on our side; a bound that is absent does not filter. */
  localWindow: { since?: Bound; until?: Bound };
  /** Where an earlier attempt came to. */
  greatest?: Bound;
  /** Told of a delta value that cannot be read; the record is read as one without. */
  onUnreadable(value: unknown, message: string, record: unknown): void;
  /** A record as a message may show it. */
  shown(record: unknown): string;
}

export class DeltaTracker {
  /** The greatest delta value so far; the last one, for cursors. */
  greatest: Bound | undefined;
  readonly #options: TrackerOptions;

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.greatest = options.greatest;
  }

  /**
   * Follows a record that is taken, and tells whether it lies in the window.
   * @param raw the delta expression's value.
   * @throws FatalError for a missing value where the spec says `missing: fail`.
   */
  admits(raw: unknown, record: unknown): boolean {
    const { delta, spec, localWindow, onUnreadable, shown } = this.#options;
    if (!delta) return true;
    const bound = this.#boundOf(raw, (message) => onUnreadable(raw, message, record));
    if (!bound) {
      if (spec?.missing !== "fail") return spec?.missing !== "exclude";
      throw new FatalError(
        `a record has no value at source.delta.field (${spec.field}), and delta.missing is fail: ${shown(record)}`,
      );
    }
    if (localWindow.until && delta.compare(bound, localWindow.until) >= 0) return false;
    if (localWindow.since && delta.compare(bound, localWindow.since) < 0) return false;
    this.#follow(bound);
    return true;
  }

  /** Follows a record that the filter kept out: it was read, and a watermark before it would have it read again. */
  passBy(raw: unknown): void {
    const bound = this.#boundOf(raw);
    if (bound) this.#follow(bound);
  }

  #boundOf(raw: unknown, onUnreadable?: (message: string) => void): Bound | undefined {
    try {
      if (raw instanceof ThrownValue) throw new RecordError(messageOf(raw.error));
      return this.#options.delta?.read(raw);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      onUnreadable?.(error.message);
      return undefined;
    }
  }

  #follow(bound: Bound): void {
    const { delta } = this.#options;
    if (!delta) return;
    if (delta.kind === "cursor" || !this.greatest || delta.compare(bound, this.greatest) > 0) this.greatest = bound;
  }
}
