/** Work on pipelines that somebody watches: a progress bar on stderr, and Ctrl-C ends it after the batch in hand. */
import type { Engine } from "../runtime/engine.ts";
import { type Context, openEngine } from "./context.ts";
import { createProgress } from "./progress.ts";
import { watchSignals } from "./signals.ts";

export interface Watched {
  engine: Engine;
  /** Aborted when the user wants an end. */
  signal: AbortSignal;
  /** A pipeline is through: its bar goes. */
  done(pipeline: string): void;
}

export interface WatchOptions {
  output: "text" | "json";
  debug: boolean;
}

/** Does the work; gives its result and whether the user wanted an end. Throws what the work throws. */
export async function watched<T>(
  context: Context,
  { output, debug }: WatchOptions,
  work: (watched: Watched) => Promise<T>,
): Promise<{ result: T; isInterrupted: boolean }> {
  const progress = await createProgress(process.stderr, output === "json" || debug);
  const signals = watchSignals((text) => progress.line(text));
  const { signal } = signals;
  const engine = openEngine(context, {
    debug,
    signal,
    writeLine: (line) => progress.line(line),
    onProgress: (state) => progress.update(state),
  });
  try {
    const result = await work({ engine, signal, done: (pipeline) => progress.done(pipeline) });
    return { result, isInterrupted: signal.aborted };
  } finally {
    signals.stop();
    progress.done();
  }
}
