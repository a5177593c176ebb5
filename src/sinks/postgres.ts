/** The kind of `postgres://…` addresses; its driver is loaded when one is opened. */
import type { SinkKind } from "./contract.ts";

export const postgres: SinkKind = {
  accepts: (address) => /^postgres(ql)?:\/\//.test(address),
  async open(address, options) {
    const [{ PostgresSink }, { Session }] = await Promise.all([
      import("./postgres/sink.ts"),
      import("./postgres/session.ts"),
    ]);
    return new PostgresSink(await Session.open(address, options));
  },
};
