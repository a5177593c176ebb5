/** What a run is made of: its tables, what fills them, and the checkpoint that it begins with. */
import type { SourceMetrics } from "../sources/contract.ts";
import type { AttemptInput } from "./attempt.ts";
import { Committer } from "./commit.ts";
import { Deletions } from "./deletes/deletions.ts";
import { timeOf } from "./engine.ts";
import { asksForParents, ParentSets } from "./parent-sets.ts";
import { PageProcessor } from "./process-page.ts";
import { compileRecordUrl } from "./record-url.ts";
import type { RejectLimit } from "./reject-limit.ts";
import { noCounts, type Checkpoint } from "./state/checkpoint.ts";
import { keyLabel, targetsFor, type Target } from "./target.ts";
import type { RecordLabel, Teller } from "./warnings.ts";
import type { RunWindow } from "./window.ts";

/** Where a run begins: nowhere, or where the one that it resumes was. */
export function firstCheckpoint({ strategy, resumed, pipeline, asked }: AttemptInput, window: RunWindow): Checkpoint {
  return {
    strategy: strategy.name,
    since: strategy.since,
    until: window.until,
    start: window.start,
    asked: asked,
    specHash: pipeline.hash,
    counters: resumed ? { ...resumed.checkpoint.counters } : noCounts(),
    ...(resumed?.checkpoint.tables ? { tables: resumed.checkpoint.tables } : {}),
    ...(resumed?.checkpoint.read === undefined ? {} : { read: resumed.checkpoint.read }),
    ...(strategy.parents ? { parentsSince: strategy.parents.since ?? null } : {}),
    greatest: resumed?.checkpoint.greatest,
    slices: { ...resumed?.checkpoint.slices },
  };
}

export interface RunParts {
  /** The table of the records themselves; absent where only their children are rows. */
  main?: Target;
  /** All tables that are filled. */
  targets: readonly Target[];
  deletions?: Deletions;
  processor: PageProcessor;
  committer: Committer;
}

interface Surroundings {
  window: RunWindow;
  checkpoint: Checkpoint;
  teller: Teller;
  limit: RejectLimit | undefined;
  metrics: SourceMetrics;
}

/** Puts a run together. */
export function runParts(input: AttemptInput, { window, checkpoint, teller, limit, metrics }: Surroundings): RunParts {
  const { pipeline, strategy, resumed, mapping, flags, engine, delta } = input;
  const { spec } = pipeline;
  const { main, children } = targetsFor(spec, mapping);
  const isLocal = spec.source.type === "csv" || spec.source.delta?.local === true;
  const filtersSince = isLocal && strategy.incremental && delta?.kind !== "cursor";
  const byParent = asksForParents(spec);
  const { system, entity } = pipeline;
  const label = (text: string, id: string): RecordLabel => ({ system, entity, label: text, id });
  const deletions = main && Deletions.open({ ...input, table: main.table, metrics, window });
  const processor: PageProcessor = new PageProcessor({
    spec,
    system,
    entity,
    mapping,
    main,
    ...(byParent ? { parentSets: new ParentSets({ main, children, teller, label }) } : {}),
    deletions,
    delta,
    localWindow: {
      since: filtersSince ? strategy.since : undefined,
      until: flags.endDate === undefined ? undefined : { text: flags.endDate, instant: flags.endDate },
    },
    teller,
    clock: metrics.clock,
    recordUrl: compileRecordUrl(pipeline, input.params.values),
    greatest: resumed?.checkpoint.greatest,
  });
  const committer = new Committer({
    sink: input.sink,
    main,
    children,
    replacesByRecord: !byParent,
    scope: input.scope,
    deletions,
    history: input.history,
    checkpoint,
    replaceNewer: strategy.replaceNewer,
    limit,
    clock: metrics.clock,
    now: () => timeOf(engine),
    maskData: engine.maskData,
    onRefused: ({ key, field, rule, message }, { target, batch }) => {
      const row = batch.rowOf(key);
      const failure = { stage: "write", field, rule, message } as const;
      if (target === main) teller.reject(failure, () => processor.label(row, key));
      else teller.reject(failure, () => label(`${target.table.name} ${keyLabel(target, row)}`, key));
    },
    onChildren: (toTell, told) => processor.tellChildren(toTell, told),
  });
  return { main, targets: [...(main ? [main] : []), ...children], deletions, processor, committer };
}
