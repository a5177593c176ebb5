/** The Genius sandbox: `startGeniusSandbox` and what its options and answers are. */
export { startGeniusSandbox } from "./sandbox.ts";
export type { GeniusSandbox } from "./sandbox.ts";
export type { Changed } from "./changes.ts";
export type { GeniusSandboxOptions } from "./options.ts";
export type { Cell, Column, Row, Table } from "./table.ts";
export { oneTimestamp } from "./rows.ts";
export { wallTime } from "./clock.ts";
