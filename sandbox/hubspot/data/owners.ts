/** The owners that an account starts with: users, and queues that stand in for teams. */
import { iso } from "./property.ts";
import { firstNames, lastNames } from "./words.ts";

export interface OwnerJson {
  id: string;
  /** Queues have none. */
  email?: string;
  type: "PERSON" | "QUEUE";
  firstName: string;
  lastName: string;
  /** null once the user has left, and for queues. */
  userId: number | null;
  userIdIncludingInactive: number | null;
  createdAt: string;
  updatedAt: string;
  archived: boolean;
  teams?: Array<{ id: string; name: string; primary: boolean }>;
}

const insideSales = { id: "301", name: "Inside sales" };
const field = { id: "302", name: "Field" };

/** Every tenth is archived, and of the others every seventh is a queue. */
export function baseOwners(count: number): OwnerJson[] {
  return Array.from({ length: count }, (_, index) => {
    const archived = index % 10 === 9;
    const isQueue = !archived && index % 7 === 4;
    const userId = 60_000_000 + index * 37;
    const teams = [
      [],
      [{ ...insideSales, primary: true }],
      [
        { ...field, primary: true },
        { ...insideSales, primary: false },
      ],
    ][index % 3];
    return {
      id: String(700_000_000 + index * 11),
      ...(isQueue ? {} : { email: `owner${index + 1}@example.com` }),
      type: isQueue ? "QUEUE" : "PERSON",
      firstName: isQueue ? `Queue ${index + 1}` : (firstNames[index % firstNames.length] ?? ""),
      lastName: isQueue ? "" : (lastNames[index % lastNames.length] ?? ""),
      userId: archived || isQueue ? null : userId,
      userIdIncludingInactive: isQueue ? null : userId,
      createdAt: iso(Date.UTC(2024, index % 9, 1, 8)),
      updatedAt: iso(Date.UTC(2025, index % 9, 15, 9, 30)),
      archived,
      ...(teams?.length ? { teams } : {}),
    };
  });
}
