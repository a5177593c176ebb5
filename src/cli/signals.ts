/** Ctrl-C and SIGTERM: the batch in hand is finished; a second one ends the process at once. */

export interface Signals {
  /** Aborted with the signal's name. */
  signal: AbortSignal;
  stop(): void;
}

/** Watches until `stop`. */
export function watchSignals(tell: (text: string) => void): Signals {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(130);
    tell(`${name}: finishing the batch in hand; once more to stop at once`);
    controller.abort(name);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    stop() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
