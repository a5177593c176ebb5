/** A server that answers as Athena does where moto does not: pages with one header row, states, errors, throttling. */
import { serve } from "../http/server.ts";

export interface Query {
  id: string;
  sql: string;
  values: string[];
  asked: Record<string, unknown>;
}

export interface Found {
  columns: Record<string, string>;
  rows: (string | null)[][];
}

export interface AthenaServer {
  url: string;
  /** Queries in the order in which they came. */
  queries: Query[];
  stopped: string[];
  /** Calls by their name. */
  calls: Record<string, number>;
  columns: Record<string, string>;
  rows: (string | null)[][];
  /** What a query finds, where it is not always `columns` and `rows`. It fails with the message of what is thrown. */
  find?: (query: Query) => Found;
  pageRows: number;
  /** States that a query goes through, one a look; the last one stays. */
  states: Record<string, unknown>[];
  /** Names of the calls that are answered 400 ThrottlingException, each once. */
  throttle: string[];
  /** What the catalog says of a table: its columns, or an error. */
  table: readonly string[] | { error: string };
  /** Answers every call with this error. */
  refuse?: { status: number; type: string; message: string };
}

export async function athenaServer(): Promise<AthenaServer> {
  const looks = new Map<string, number>();
  const found = new Map<string, Found>();
  const failed = new Map<string, string>();
  const server: AthenaServer = {
    url: "",
    queries: [],
    stopped: [],
    calls: {},
    columns: { id: "varchar" },
    rows: [],
    pageRows: 1000,
    states: [{ State: "SUCCEEDED" }],
    throttle: [],
    table: { error: "AccessDeniedException" },
  };
  const served = await serve(({ headers, body }, response) => {
    const call = String(headers["x-amz-target"]).split(".")[1]!;
    const asked = JSON.parse(String(body)) as Record<string, unknown>;
    server.calls[call] = (server.calls[call] ?? 0) + 1;
    const reply = (status: number, answer: object): void => {
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(answer));
    };
    const fail = (status: number, type: string, message: string): void => reply(status, { __type: type, message });
    if (server.refuse) return fail(server.refuse.status, server.refuse.type, server.refuse.message);
    const throttled = server.throttle.indexOf(call);
    if (throttled >= 0) {
      server.throttle.splice(throttled, 1);
      return fail(400, "ThrottlingException", "Rate exceeded");
    }
    switch (call) {
      case "StartQueryExecution": {
        const id = `query-${server.queries.length + 1}`;
        const values = (asked["ExecutionParameters"] ?? []) as string[];
        const query = { id, sql: String(asked["QueryString"]), values, asked };
        server.queries.push(query);
        try {
          if (/SELECT 1 AS one/.test(query.sql)) found.set(id, { columns: { one: "integer" }, rows: [["1"]] });
          else if (server.find) found.set(id, server.find(query));
        } catch (error) {
          failed.set(id, (error as Error).message);
        }
        return reply(200, { QueryExecutionId: id });
      }
      case "GetQueryExecution": {
        const id = String(asked["QueryExecutionId"]);
        const look = looks.get(id) ?? 0;
        looks.set(id, look + 1);
        const reason = failed.get(id);
        if (reason !== undefined)
          return reply(200, {
            QueryExecution: { QueryExecutionId: id, Status: { State: "FAILED", StateChangeReason: reason } },
          });
        return reply(200, {
          QueryExecution: { QueryExecutionId: id, Status: server.states[Math.min(look, server.states.length - 1)] },
        });
      }
      case "GetQueryResults": {
        const from = Number(asked["NextToken"] ?? 0);
        const { columns, rows } = found.get(String(asked["QueryExecutionId"])) ?? server;
        const all = [Object.keys(columns) as (string | null)[], ...rows];
        const page = all.slice(from, from + server.pageRows);
        return reply(200, {
          ...(from + server.pageRows < all.length ? { NextToken: String(from + server.pageRows) } : {}),
          ResultSet: {
            ResultSetMetadata: {
              ColumnInfo: Object.entries(columns).map(([Name, Type]) => ({ Name, Label: Name, Type })),
            },
            Rows: page.map((row) => ({ Data: row.map((value) => (value === null ? {} : { VarCharValue: value })) })),
          },
        });
      }
      case "StopQueryExecution":
        server.stopped.push(String(asked["QueryExecutionId"]));
        return reply(200, {});
      case "GetTableMetadata":
        if ("error" in server.table) return fail(400, server.table.error, `${server.table.error}: not here`);
        return reply(200, {
          TableMetadata: { Name: asked["TableName"], Columns: server.table.map((Name) => ({ Name, Type: "string" })) },
        });
      default:
        return fail(400, "InvalidRequestException", `no ${call} here`);
    }
  });
  server.url = served.url;
  return server;
}

/** A connection to it. */
export function athenaConnection(url: string): Record<string, unknown> {
  return {
    dialect: "athena",
    region: "us-east-1",
    database: "home_genius_db",
    output: "s3://results/athena/",
    endpoint: url,
    access_key_id: "AKIDEXAMPLE",
    secret_access_key: "an-example-of-a-key",
    retry: { attempts: 3, wait: "10ms" },
  };
}
