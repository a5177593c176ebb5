/** A progress bar on a terminal, nothing but log lines in a pipe. */
import type { WriteStream } from "node:tty";
import cliProgress from "cli-progress";
import type { Progress } from "../runtime/engine.ts";

export interface ProgressView {
  update(progress: Progress): void;
  /** Prints a line, above the bar where there is one. */
  line(text: string): void;
  /** Takes the bar of the pipeline that ended away. */
  done(): void;
}

/** @param plain no bar, whatever the stream is. */
export function createProgress(stream: WriteStream, plain: boolean): ProgressView {
  if (!stream.isTTY || plain) return { update() {}, line: (text) => void stream.write(`${text}\n`), done() {} };
  let bars: cliProgress.MultiBar | undefined;
  let bar: cliProgress.SingleBar | undefined;
  let startedAt = 0;
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
      if (!bar) startedAt = Date.now();
      bar ??= bars.create(expected ?? 0, 0);
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
    done() {
      bars?.stop();
      bars = undefined;
      bar = undefined;
    },
  };
}
