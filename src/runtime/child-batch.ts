/** The children of a batch's records, gathered for one table. */
import type { Row, RowSet, Sink, Value } from "../sinks/contract.ts";
import { TableBatch, type Parent } from "./batch.ts";
import type { ChildRecord, ChildSet, Failure, Warning } from "./mapping/index.ts";
import { recordHash } from "./state/rejects.ts";
import { keyLabel, rowKey, type Target } from "./target.ts";

/** What the log is told once the rows are written: children that were dropped are not worth a line. */
export interface ToTell {
  warning?: Warning;
  failure?: Failure;
  /** `contact_id=1, deal_id=2`. */
  label: string;
  id: string;
}

export interface ChildBatch {
  target: Target;
  batch: TableBatch;
  /** Sets that are whole, each with the keys that stay. */
  sets: readonly RowSet[];
  toTell: readonly ToTell[];
  /** Children that were warned about. */
  warned: number;
}

export interface Gathering {
  target: Target;
  /** Which of `children` it is. */
  index: number;
  sink: Pick<Sink, "buffer">;
  /** Whether a record holds its whole set: not where parents are asked for, whose sets span pages. */
  replacesByRecord: boolean;
}

/** Of each parent the rows, rejects and set for one table. Changes nothing of what it is given: it may be repeated. */
export function gatherChildren(parents: readonly Parent[], gathering: Gathering): ChildBatch {
  const { target, index, sink, replacesByRecord } = gathering;
  const batch = new TableBatch(target, sink);
  const toTell: ToTell[] = [];
  const sets = new Map<string, RowSet & { kept: Value[] }>();
  let warned = 0;
  const last = replacesByRecord && target.within ? lastOfSets(parents, index) : undefined;
  for (const parent of parents) {
    const set = parent.children?.[index];
    if (!set) continue;
    if (last && set.within && last.get(setText(set.within)) !== set) {
      batch.fetched += set.children.length;
      batch.duplicates += set.children.length;
      toTell.push({ warning: superseded, label: setLabel(set, target), id: parent.key ?? "" });
      continue;
    }
    if (set.failure) {
      const id = parent.key ?? recordHash(parent.record);
      batch.fetched++;
      batch.reject([rejectOf(set.failure, { target, key: id, record: parent.record })]);
      toTell.push({ failure: set.failure, label: `parent=${id}`, id });
      continue;
    }
    for (const child of set.children) if (takeChild(child, { target, batch, toTell })) warned++;
    if (!replacesByRecord || !target.within) continue;
    const held = whyHeld(set, target);
    if (held === undefined) addSet(sets, set, target);
    else toTell.push({ warning: heldWarning(held), label: setLabel(set, target), id: parent.key ?? "" });
  }
  return { target, batch, sets: [...sets.values()], toTell, warned };
}

/** A record replaces its set, so of two with one set the later read wins, in one batch as in two. */
function lastOfSets(parents: readonly Parent[], index: number): Map<string, ChildSet> {
  const last = new Map<string, ChildSet>();
  for (const { children } of parents) {
    const set = children?.[index];
    if (set?.within) last.set(setText(set.within), set);
  }
  return last;
}

const superseded: Warning = {
  field: "",
  rule: "replace_within",
  message:
    "another record that was read after it has the same set, and replaces it: replace_within must tell one record's children from another's",
};

/** True when it was warned about. */
function takeChild(
  { record, mapped }: ChildRecord,
  { target, batch, toTell }: { target: Target; batch: TableBatch; toTell: ToTell[] },
): boolean {
  const { row, failures, warnings, newerLimit } = mapped;
  const { key } = rowKey(target, row, record);
  batch.fetched++;
  if (warnings.length > 0) {
    const label = keyLabel(target, row);
    batch.warnings += warnings.length;
    for (const warning of warnings) toTell.push({ warning, label, id: key });
  }
  if (failures.length === 0) batch.add({ key, row, record, newerLimit });
  else {
    const label = keyLabel(target, row);
    for (const failure of failures) toTell.push({ failure, label, id: key });
    batch.reject(
      failures.map((failure) => rejectOf(failure, { target, key, record })),
      row,
    );
  }
  return warnings.length > 0;
}

function rejectOf(
  { stage, field, rule, message }: Failure,
  { target, key, record }: { target: Target; key: string; record: unknown },
): Parameters<TableBatch["reject"]>[0][number] {
  return { key, stage, field, rule, message, record, table: target.rejectTable };
}

/** Why rows of a set may not be deleted: one that is there may be among them. */
function whyHeld({ within, children }: ChildSet, target: Target): string | undefined {
  if (!within) return "the values of its columns cannot be read";
  const keyless = children.some(({ record, mapped }) => !rowKey(target, mapped.row, record).isWhole);
  return keyless ? "a record of it has no key that can be read" : undefined;
}

/** What a set that is not replaced is told as. */
export function heldWarning(why: string): Warning {
  return {
    field: "",
    rule: "replace_within",
    message: `${why}: the set is not replaced, rows that are gone stay until it is read again`,
  };
}

function setLabel({ within }: ChildSet, target: Target): string {
  return (target.within?.columns ?? []).map((name, index) => `${name}=${String(within?.[index] ?? "?")}`).join(", ");
}

function addSet(sets: Map<string, RowSet & { kept: Value[] }>, { within, children }: ChildSet, target: Target): void {
  const text = setText(within!);
  const known = sets.get(text) ?? { within: within!, kept: [] };
  sets.set(text, known);
  for (const { mapped } of children) known.kept.push(...restOfKey(target, mapped.row));
}

/** Equal for equal sets; no text holds the NUL that joins. */
export function setText(within: Row): string {
  return within.map(String).join("\0");
}

/** The values of a key that do not say which set the row is in; where they all do, that there is one. */
export function restOfKey({ at, within }: Target, row: Row): Value[] {
  const rest = at.keys.filter((position) => !within!.at.includes(position));
  return rest.length === 0 ? [true] : rest.map((position) => row[position] ?? null);
}
