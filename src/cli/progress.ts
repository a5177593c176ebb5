/** A progress bar on a terminal, nothing but log lines in a pipe. */
import type { WriteStream } from "node:tty";
import type { MultiBar, SingleBar } from "cli-progress";
import type { Progress } from "../runtime/engine.ts";

export interface ProgressView {
  update(progress: Progress): void;
  /** Prints a line, above the bar where there is one. */
  line(text: string): void;
  /** Takes the bar of a pipeline that ended away, or all. */
  done(pipeline?: string): void;
}

/** @param plain no bar, whatever the stream is. */
export async function createProgress(stream: WriteStream, plain: boolean): Promise<ProgressView> {
  if (!stream.isTTY || plain) return { update() {}, line: (text) => void stream.write(`${text}\n`), done() {} };
  const { default: cliProgress } = await import("cli-progress");
  let bars: MultiBar | undefined;
  const running = new Map<string, { bar: SingleBar; startedAt: number }>();
  return {
    update({ pipeline, fetched, expected }) {
      bars ??= new cliProgress.MultiBar(
        {
          stream,
          hideCursor: true,
          clearOnComplete: true,
          format: "{pipeline} {bar} {value}{of} records, {rate}/s",
          barsize: 28,
          forceRedraw: true,
        },
        cliProgress.Presets.shades_classic,
      );
      const known = running.get(pipeline) ?? { bar: bars.create(expected ?? 0, 0), startedAt: Date.now() };
      running.set(pipeline, known);
      const { bar, startedAt } = known;
      if (expected !== undefined) bar.setTotal(Math.max(expected, fetched));
      const seconds = Math.max((Date.now() - startedAt) / 1000, 0.001);
      const total = bar.getTotal();
      bar.update(fetched, {
        pipeline,
        of: total ? ` of ${total.toLocaleString("en-US")}` : "",
        rate: Math.round(fetched / seconds).toLocaleString("en-US"),
      });
    },
    line(text) {
      if (bars) bars.log(`${text}\n`);
      else stream.write(`${text}\n`);
    },
    done(pipeline) {
      const known = pipeline === undefined ? undefined : running.get(pipeline);
      if (known) bars?.remove(known.bar);
      if (pipeline === undefined) running.clear();
      else running.delete(pipeline);
      if (running.size) return;
      bars?.stop();
      bars = undefined;
    },
  };
}
