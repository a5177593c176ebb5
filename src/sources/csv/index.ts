/** The csv source: a file, the files of a glob, or a file behind a URL. Each is a slice of its own. */
import { SpecError } from "../../errors.ts";
import type { CsvSource } from "../../spec/types.ts";
import { compileTemplate } from "../../template/index.ts";
import type { Source, SourceContext, SourceKind } from "../contract.ts";
import { LocalFiles } from "./local-files.ts";

export const csvSource: SourceKind = {
  /** @throws SpecError for a spec that no file can be read with */
  async open(context: SourceContext): Promise<Source> {
    const spec = context.spec as CsvSource;
    const { path, url } = spec;
    if (path !== undefined && url === undefined) return openPath(context, spec, path);
    if (url !== undefined && path === undefined) {
      const { urlOf } = await import("./fetch-file.ts");
      const { params, connection, mapped } = context;
      return remoteFile(context, spec, (window) =>
        urlOf(url, { values: { params, vars: connection?.vars ?? {}, ...window }, mapped }),
      );
    }
    throw new SpecError("a csv source needs one of path and url");
  },
};

/** A path that a param gives may be an address: whoever sets the param need not change the spec. */
async function openPath(context: SourceContext, spec: CsvSource, path: string): Promise<Source> {
  const given = compileTemplate(path).render({ values: { params: context.params } }, { mode: "value" });
  if (typeof given !== "string" || given.trim() === "")
    throw new SpecError(`source.path ${path} needs a param that was not given`);
  if (!/^https?:\/\//i.test(given)) return new LocalFiles(context, spec, given);
  const { checkedUrl } = await import("./fetch-file.ts");
  return remoteFile(context, spec, () => checkedUrl(given));
}

async function remoteFile(
  context: SourceContext,
  spec: CsvSource,
  url: (window: Record<string, unknown>) => string,
): Promise<Source> {
  // Loaded only here: a local file needs no HTTP.
  const { RemoteFile } = await import("./remote-file.ts");
  return new RemoteFile(context, spec, url);
}
