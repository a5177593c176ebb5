/** The csv source: a file, the files of a glob, or a file behind a URL. Each is a slice of its own. */
import { SpecError } from "../../errors.ts";
import type { CsvSource } from "../../spec/types.ts";
import type { Source, SourceContext, SourceKind } from "../contract.ts";
import { LocalFiles } from "./local-files.ts";

export const csvSource: SourceKind = {
  /** @throws SpecError for a spec that no file can be read with */
  async open(context: SourceContext): Promise<Source> {
    const spec = context.spec as CsvSource;
    const { path, url } = spec;
    if (path !== undefined && url === undefined) return new LocalFiles(context, spec, path);
    if (url !== undefined && path === undefined) {
      // Loaded only here: a local file needs no HTTP.
      const { RemoteFile } = await import("./remote-file.ts");
      return new RemoteFile(context, spec, url);
    }
    throw new SpecError("a csv source needs one of path and url");
  },
};
