/** Positions as a checkpoint keeps them: where reading goes on, and how many distinct records came before. */
import type { Position } from "../contract.ts";
import type { Step } from "./paginators/index.ts";

export interface ResumePoint {
  step: Step;
  distinct: number;
}

/** Only steps of stable paginators can be kept: they are an `after` or a `url`. */
export function positionOf({ after, url }: Step, distinct: number): Position {
  return { ...(after === undefined ? {} : { after }), ...(url === undefined ? {} : { url }), distinct };
}

/** Undefined for a position that this source did not write. */
export function readPosition(position: Position | undefined): ResumePoint | undefined {
  if (typeof position !== "object" || position === null || Array.isArray(position)) return undefined;
  const { after, url, distinct } = position;
  if ((after === undefined) === (typeof url !== "string")) return undefined;
  return { step: typeof url === "string" ? { url } : { after }, distinct: typeof distinct === "number" ? distinct : 0 };
}
