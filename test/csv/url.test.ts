/** A file behind a URL: a real HTTP server on a port of its own. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FatalError, SpecError, TransientError } from "../../src/errors.ts";
import { schemaValidator } from "../../src/spec/schema.ts";
import type { Connection, CsvSource } from "../../src/spec/types.ts";
import { type Opened, openCsv, readAll, readRequest } from "./support.ts";

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

interface Served {
  origin: string;
  requests: IncomingMessage[];
}

async function serving<T>(handler: Handler, use: (served: Served) => Promise<T>): Promise<T> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handler(request, response, requests.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await use({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function connectionTo(origin: string, keys: Record<string, unknown> = {}): Connection {
  const connection = { connection: "files", type: "api", base_url: origin, ...keys };
  const fillIn = schemaValidator("connection");
  if (!fillIn(connection)) throw new Error(JSON.stringify(fillIn.errors));
  return connection as unknown as Connection;
}

async function opened<T>(
  spec: Partial<CsvSource>,
  use: (opened: Opened) => Promise<T>,
  options: Parameters<typeof openCsv>[1] = {},
): Promise<T> {
  const source = await openCsv(spec, options);
  try {
    return await use(source);
  } finally {
    await source.source.close();
  }
}

const text = `id,name\n${Array.from({ length: 4_500 }, (_, index) => `${index},name ${index}\n`).join("")}`;
const etag = '"v1"';
const lastModified = "Wed, 21 Oct 2015 07:28:00 GMT";

/** A server that keeps to RFC 9110: 304 to whoever has this version. */
const versioned: Handler = (request, response) => {
  response.setHeader("etag", etag).setHeader("last-modified", lastModified);
  if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
  else response.end(text);
};

describe("reading", () => {
  test("the file in pages, as the one slice", async () => {
    await serving(versioned, async ({ origin, requests }) => {
      await opened({ url: `${origin}/a.csv` }, async ({ source, context }) => {
        const { pages, records } = await readAll(source);
        expect(pages.map((page) => [page.slice, page.records.length, page.last])).toEqual([
          ["", 2_000, false],
          ["", 2_000, false],
          ["", 500, true],
        ]);
        expect(records.at(-1)).toEqual({ id: "4499", name: "name 4499" });
        expect(context.metrics).toMatchObject({ apiCalls: 1, bytesIn: text.length });
        expect(requests[0]?.headers).not.toHaveProperty("if-none-match");
        expect(requests[0]?.headers).not.toHaveProperty("if-modified-since");
      });
    });
  });

  test.each([
    { name: "a gzip file", headers: {}, body: gzipSync(text), bytesIn: gzipSync(text).length },
    {
      name: "a gzip file, called so",
      headers: { "content-type": "application/gzip" },
      body: gzipSync(text),
      bytesIn: gzipSync(text).length,
    },
    {
      name: "packed for the way",
      headers: { "content-encoding": "gzip" },
      body: gzipSync(text),
      bytesIn: gzipSync(text).length,
    },
    {
      name: "a gzip file, packed for the way once more",
      headers: { "content-encoding": "gzip" },
      body: gzipSync(gzipSync(text)),
      bytesIn: gzipSync(gzipSync(text)).length,
    },
  ])("$name", async ({ headers, body, bytesIn }) => {
    await serving(
      (_, response) => void response.writeHead(200, headers).end(body),
      async ({ origin }) => {
        await opened({ url: `${origin}/a.csv.gz` }, async ({ source, context }) => {
          expect((await readAll(source)).records).toHaveLength(4_500);
          expect(context.metrics.bytesIn).toBe(bytesIn);
        });
      },
    );
  });

  test("a cut gzip file is an error that names the URL", async () => {
    await serving(
      (_, response) => void response.end(gzipSync(text).subarray(0, -20)),
      async ({ origin }) => {
        await opened({ url: `${origin}/a.csv.gz` }, async ({ source }) => {
          await expect(readAll(source)).rejects.toThrow(
            new FatalError(
              `${origin}/a.csv.gz is cut off: its gzip data ends in the middle; fetch or make the file again`,
            ),
          );
        });
      },
    );
  });

  test("an answer that breaks off is an error, not a shorter file", async () => {
    const cut: Handler = (_, response) => {
      response.writeHead(200, { "content-length": text.length });
      response.write(text.slice(0, 40_000), () => response.destroy());
    };
    await serving(cut, async ({ origin }) => {
      await opened({ url: `${origin}/a.csv` }, async ({ source }) => {
        const thrown = await readAll(source).catch((error: unknown) => error);
        expect(thrown).toBeInstanceOf(TransientError);
        expect((thrown as Error).message).toContain(`${origin}/a.csv`);
        expect(source.unchanged?.()).toEqual({ unchanged: false });
      });
    });
  });

  test("only part of a file is an error", async () => {
    await serving(
      (_, response) => void response.writeHead(206).end("id\n"),
      async ({ origin }) => {
        await opened({ url: `${origin}/a.csv` }, async ({ source }) => {
          await expect(readAll(source)).rejects.toThrow(
            new FatalError(`GET ${origin}/a.csv answered 206; a whole file (200) was expected`),
          );
        });
      },
    );
  });

  test("a busy server is asked again", async () => {
    const busy: Handler = (request, response, count) => {
      if (count === 1) response.writeHead(503, { "retry-after": "0" }).end();
      else versioned(request, response, count);
    };
    await serving(busy, async ({ origin }) => {
      await opened({ url: `${origin}/a.csv` }, async ({ source, context }) => {
        expect((await readAll(source)).records).toHaveLength(4_500);
        expect(context.metrics).toMatchObject({ apiCalls: 2, retries: 1, recovered: 1 });
      });
    });
  });

  test("a file that is not there", async () => {
    await serving(
      (_, response) => void response.writeHead(404).end("gone"),
      async ({ origin }) => {
        await opened({ url: `${origin}/a.csv` }, async ({ source }) => {
          const thrown = await readAll(source).catch((error: unknown) => error);
          expect(thrown).toBeInstanceOf(FatalError);
          expect((thrown as Error).message).toMatch(/a\.csv answered 404/);
        });
      },
    );
  });

  test("stopping early ends the transfer", async () => {
    let ended: Promise<unknown> | undefined;
    const endless: Handler = (_, response) => {
      ended = once(response, "close");
      response.write("id,name\n");
      const more = (): void => {
        while (!response.destroyed && response.write("1,name\n".repeat(1_000)));
      };
      response.on("drain", more);
      more();
    };
    await serving(endless, async ({ origin }) => {
      await opened({ url: `${origin}/a.csv` }, async ({ source }) => {
        for await (const page of source.read(readRequest())) {
          expect(page.records).toHaveLength(2_000);
          break;
        }
        await ended;
      });
    });
  });

  test("a run that is resumed after its end reads nothing", async () => {
    await serving(versioned, async ({ origin, requests }) => {
      await opened({ url: `${origin}/a.csv` }, async ({ source }) => {
        expect((await readAll(source, readRequest({ resume: { "": { done: true } } }))).pages).toEqual([]);
        expect(requests).toEqual([]);
      });
    });
  });
});

describe("an unchanged file", () => {
  test("is not fetched again", async () => {
    await serving(versioned, async ({ origin, requests }) => {
      const url = `${origin}/a.csv`;
      const validators = await opened({ url }, async ({ source }) => {
        await readAll(source);
        const after = source.unchanged?.();
        expect(after).toEqual({ validators: { url, etag, lastModified }, unchanged: false });
        return after?.validators;
      });
      await opened({ url }, async ({ source, context }) => {
        const { pages } = await readAll(source, readRequest({ unchangedSince: validators ?? null }));
        expect(pages).toEqual([{ slice: "", records: [], last: true, bytes: 0 }]);
        expect(source.unchanged?.()).toEqual({ validators, unchanged: true });
        expect(requests.at(-1)?.headers).toMatchObject({ "if-none-match": etag, "if-modified-since": lastModified });
        expect(context.metrics).toMatchObject({ apiCalls: 1, bytesIn: 0 });
      });
    });
  });

  test("is fetched when the server has another one", async () => {
    await serving(versioned, async ({ origin }) => {
      const url = `${origin}/a.csv`;
      await opened({ url }, async ({ source }) => {
        const { records } = await readAll(source, readRequest({ unchangedSince: { url, etag: '"v0"' } }));
        expect(records).toHaveLength(4_500);
        expect(source.unchanged?.()).toEqual({ validators: { url, etag, lastModified }, unchanged: false });
      });
    });
  });

  test("of another URL says nothing of this one", async () => {
    await serving(versioned, async ({ origin, requests }) => {
      await opened({ url: `${origin}/b.csv` }, async ({ source }) => {
        const { records } = await readAll(source, readRequest({ unchangedSince: { url: `${origin}/a.csv`, etag } }));
        expect(records).toHaveLength(4_500);
        expect(requests[0]?.headers).not.toHaveProperty("if-none-match");
      });
    });
  });

  test("is not remembered where the server names no version, nor before the end", async () => {
    await serving(
      (_, response) => void response.end(text),
      async ({ origin }) => {
        await opened({ url: `${origin}/a.csv` }, async ({ source }) => {
          await readAll(source);
          expect(source.unchanged?.()).toEqual({ unchanged: false });
        });
      },
    );
    await serving(versioned, async ({ origin }) => {
      await opened({ url: `${origin}/a.csv` }, async ({ source }) => {
        for await (const _ of source.read(readRequest())) break;
        expect(source.unchanged?.()).toEqual({ unchanged: false });
      });
    });
  });
});

describe("the address", () => {
  test("holds params and the connection's vars, encoded; the connection's auth is sent to its own host", async () => {
    await serving(versioned, async ({ origin, requests }) => {
      const connection = connectionTo(origin, { auth: { type: "bearer", token: "secret" }, vars: { portal: 7 } });
      await opened(
        { url: `${origin}/{{vars.portal}}/{{params.name}}.csv?day={{params.day}}`, connection: "files" },
        async ({ source }) => {
          expect((await readAll(source)).records).toHaveLength(4_500);
          expect(requests[0]?.url).toBe("/7/zip%20codes%2Fus.csv?day=2025-01-01");
          expect(requests[0]?.headers.authorization).toBe("Bearer secret");
        },
        { params: { name: "zip codes/us", day: "2025-01-01" }, connection },
      );
    });
  });

  test("needs its params, and to be one", async () => {
    await opened({ url: "http://127.0.0.1/{{params.name}}.csv" }, async ({ source }) => {
      await expect(readAll(source)).rejects.toThrow(
        new SpecError("source.url http://127.0.0.1/{{params.name}}.csv needs a param that was not given"),
      );
    });
    await opened({ url: "ftp://127.0.0.1/a.csv" }, async ({ source }) => {
      await expect(readAll(source)).rejects.toThrow(
        new SpecError("source.url ftp://127.0.0.1/a.csv is not an http(s) URL; a local file is written as path"),
      );
    });
  });
});

test("a path that a param gives may be an address; an unchanged file is not fetched again", async () => {
  await serving(versioned, async ({ origin, requests }) => {
    const spec = { path: "{{params.file}}" };
    const options = { params: { file: `${origin}/a%20b.csv?of={{x}}` } };
    const unchanged = await opened(
      spec,
      async ({ source }) => {
        expect((await readAll(source)).records).toHaveLength(4_500);
        expect(requests[0]?.url).toBe("/a%20b.csv?of={{x}}");
        return source.unchanged?.();
      },
      options,
    );
    await opened(
      spec,
      async ({ source }) => {
        await readAll(source, readRequest({ unchangedSince: unchanged!.validators! }));
        expect(source.unchanged?.()).toMatchObject({ unchanged: true });
      },
      options,
    );
    await opened(
      spec,
      async ({ source }) => {
        await expect(readAll(source)).rejects.toThrow("is not an http(s) URL");
      },
      { params: { file: "https://" } },
    );
  });
});

test("check names the columns", async () => {
  await serving(versioned, async ({ origin }) => {
    await opened({ url: `${origin}/a.csv` }, async ({ source }) => {
      expect(await source.check?.()).toBe(`2 columns: id, name (${origin}/a.csv)`);
      expect(source.unchanged?.()).toEqual({ unchanged: false });
    });
  });
});
