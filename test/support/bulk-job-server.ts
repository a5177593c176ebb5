/**
 * Answers as Salesforce's Bulk API 2.0 does for query jobs (facts: its developer guide): a job is made, works for as
 * many looks as it is told to, and gives its rows as CSV in pages by a locator in a header, the text `null` at the end.
 */
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { json, type Seen } from "../http/server.ts";

export type BulkRow = Record<string, string>;

export interface BulkJob {
  id: string;
  /** The SOQL that it was made with. */
  query: string;
  state: "UploadComplete" | "InProgress" | "JobComplete" | "Failed" | "Aborted";
  looks: number;
  /** How many rows it has, and how often they were asked for. */
  rows: BulkRow[];
  pages: number;
  deletes: number;
  errorMessage?: string;
}

export interface BulkOptions {
  /** Rows as they are when a job is made; those whose `modified` column lies in the query's window are its own. */
  rows(): readonly BulkRow[];
  /** Column of the window in WHERE. */
  modified: string;
  /** The state that a look sees, by its number from 1. */
  state?(job: BulkJob): BulkJob["state"];
  /** Answers instead: true where it did. */
  instead?(request: Seen, response: ServerResponse, job: BulkJob | undefined): boolean;
  gzip?: boolean;
}

export interface BulkServer {
  /** Every job that was made, the removed ones too. */
  readonly jobs: BulkJob[];
  handler(request: Seen, response: ServerResponse): void;
}

export const bulkPath = "/services/data/v62.0/jobs/query";

export function bulkJobs(options: BulkOptions): BulkServer {
  const jobs: BulkJob[] = [];
  const removed = new Set<string>();
  const find = (id: string | undefined): BulkJob | undefined =>
    jobs.find((job) => job.id === id && !removed.has(job.id));
  return {
    jobs,
    handler(request, response) {
      const { method, path } = request;
      const [, id, part] = /^\/services\/data\/v\d+\.0\/jobs\/query(?:\/(\w+))?(?:\/(\w+))?$/.exec(path) ?? [];
      const job = find(id);
      if (options.instead?.(request, response, job)) return;
      if (method === "POST" && path === bulkPath) return make(request, response);
      if (!job) return refuse(response, 404, "NOT_FOUND", "The requested resource does not exist");
      if (method === "DELETE") {
        job.deletes++;
        removed.add(job.id);
        response.writeHead(204).end();
      } else if (part === "results") results(job, request, response);
      else look(job, response);
    },
  };

  function make({ body }: Seen, response: ServerResponse): void {
    const { operation, query } = JSON.parse(body) as { operation?: string; query?: string };
    const bounds = /WHERE (\w+) >= (\S+) AND \1 < (\S+)$/.exec(query ?? "");
    if (operation !== "queryAll" || query === undefined || bounds === null)
      return refuse(response, 400, "INVALIDJOB", "a query with its window is wanted");
    const [from, to] = [Date.parse(bounds[2]!), Date.parse(bounds[3]!)];
    const rows = options.rows().filter((row) => {
      const at = Date.parse(row[options.modified]!);
      return at >= from && at < to;
    });
    const id = `750R${String(jobs.length + 1).padStart(11, "0")}AAA`;
    const job: BulkJob = { id, query, state: "UploadComplete", looks: 0, rows, pages: 0, deletes: 0 };
    jobs.push(job);
    json(response, { id, operation, state: job.state, object: "Contact", contentType: "CSV" });
  }

  function look(job: BulkJob, response: ServerResponse): void {
    job.looks++;
    job.state = options.state?.(job) ?? (job.looks > 1 ? "JobComplete" : "InProgress");
    const { id, state, errorMessage } = job;
    json(response, { id, state, numberRecordsProcessed: job.rows.length, ...(errorMessage ? { errorMessage } : {}) });
  }

  function results(job: BulkJob, { query }: Seen, response: ServerResponse): void {
    if (job.state !== "JobComplete") return refuse(response, 400, "INVALIDJOBSTATE", "the job is not complete");
    job.pages++;
    const size = Number(query.get("maxRecords") ?? 50_000);
    const start = Number(Buffer.from(query.get("locator") ?? "", "base64").toString() || 0);
    const end = start + size;
    const columns = /^SELECT (.*?) FROM /.exec(job.query)![1]!.split(", ");
    const lines = [columns, ...job.rows.slice(start, end).map((row) => columns.map((name) => row[name] ?? ""))];
    const text = lines.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")).join("\n");
    const locator = end < job.rows.length ? Buffer.from(String(end)).toString("base64") : "null";
    const headers = {
      "content-type": "text/csv",
      "Sforce-Locator": locator,
      "Sforce-NumberOfRecords": `${lines.length - 1}`,
    };
    response.writeHead(200, options.gzip ? { ...headers, "content-encoding": "gzip" } : headers);
    response.end(options.gzip ? gzipSync(`${text}\n`) : `${text}\n`);
  }
}

function refuse(response: ServerResponse, status: number, errorCode: string, message: string): void {
  json(response, [{ errorCode, message }], { status });
}

/** `source.job` of the Salesforce example, its waits short. */
export function bulkJobSpec(over: { every?: string; for?: string; maxRecords?: number } = {}): Record<string, unknown> {
  const at = `${bulkPath}/{{job.id}}`;
  return {
    create: {
      method: "POST",
      path: bulkPath,
      body: {
        operation: "queryAll",
        query:
          "SELECT {{join (mapped) ', '}} FROM Contact WHERE updated_at >= {{iso since}} AND updated_at < {{iso until}}",
      },
      id: "id",
    },
    poll: {
      path: at,
      every: over.every ?? "5ms",
      for: over.for ?? "20s",
      done: "state = 'JobComplete'",
      failed: "state in ['Failed', 'Aborted']",
      message: "errorMessage",
    },
    results: {
      path: `${at}/results`,
      query: { maxRecords: over.maxRecords ?? 4 },
      decode: "csv",
      pagination: { type: "cursor", header: "Sforce-Locator", none: "null", send_as: "query.locator" },
    },
    cleanup: { method: "DELETE", path: at },
  };
}
