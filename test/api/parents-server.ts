/** A server of contacts: notes of one, by cursor; tags of many, each with pages of its own; ids that it refuses. */
import { json, type Handler, type Seen } from "../http/server.ts";

export interface ContactServer {
  handler: Handler;
  notes: Note[];
}

export interface Note {
  contact: string;
  note: number;
}

/** Notes of contacts: as many as `count` says. */
export function notesOf(ids: readonly string[], count: (id: string) => number): Note[] {
  return ids.flatMap((contact) => Array.from({ length: count(contact) }, (_, note) => ({ contact, note })));
}

/** `GET /contacts/{id}/notes?after=&limit=`: 404 for those that are gone. */
export function notesServer(
  notes: readonly Note[],
  { gone = [], size = 2 }: { gone?: string[]; size?: number } = {},
): Handler {
  return ({ path, query }, response) => {
    const id = /^\/contacts\/([^/]+)\/notes$/.exec(path)?.[1];
    if (id === undefined || gone.includes(id))
      return json(response, { message: `there is no contact ${id}` }, { status: 404 });
    const own = notes.filter(({ contact }) => contact === id);
    const start = Number(query.get("after") ?? 0);
    const next = start + size < own.length ? String(start + size) : undefined;
    return json(response, { notes: own.slice(start, start + size), next });
  };
}

interface Input {
  id: string;
  after?: string;
}

export const inputsOf = ({ body }: Seen): Input[] => (JSON.parse(body) as { inputs: Input[] }).inputs;

/** `POST /notes/batch`: a page of each; the whole batch is refused where one id is bad. */
export function batchServer(
  notes: readonly Note[],
  { bad = [], size = 2, most = Infinity }: { bad?: readonly string[]; size?: number; most?: number } = {},
): Handler {
  return (request, response) => {
    const inputs = inputsOf(request);
    if (inputs.length > most) return json(response, { message: "too many" }, { status: 413 });
    const refused = inputs.filter(({ id }) => bad.includes(id));
    if (refused.length > 0) return json(response, { code: "BAD_ID", message: "an id is bad" }, { status: 400 });
    const results = inputs.map(({ id, after = "0" }) => {
      const own = notes.filter(({ contact }) => contact === id);
      const end = Number(after) + size;
      return { id, notes: own.slice(Number(after), end), ...(end < own.length ? { next: String(end) } : {}) };
    });
    return json(response, { results });
  };
}
