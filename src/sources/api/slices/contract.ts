/** An independent part of a source: read on its own, with a checkpoint of its own. */
import type { Scope } from "../../../template/index.ts";

export interface Slice {
  /** Finds its place in the checkpoint: the same in a resumed run as in the one that was killed. */
  key: string;
  /** `{{slice.…}}` of templates; absent where the source is read as one. */
  inTemplates?: Readonly<Record<string, unknown>>;
  /** `$slice` of expressions. */
  inExpressions?: unknown;
}

/** What slices are made from: `since`, `until`, `params` and `vars` of the run. */
export type SliceScope = Scope;
