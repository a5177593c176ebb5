/** Addresses that a spec writes out, against the hosts that its connection allows. */
import { compileAllowedHosts } from "./allowed-hosts.ts";
import type { SpecDocument } from "./document.ts";
import { pipelineTemplates } from "./expression-sites.ts";
import type { Tree } from "./tree.ts";
import type { Connection } from "./types.ts";

/** A request to a host that is not allowed would fail when it is its turn. What only a run knows, a run refuses. */
export function checkHosts(document: SpecDocument, spec: Tree, connection: Connection | undefined): void {
  const admits = connection && compileAllowedHosts(connection);
  if (!admits || connection.base_url === "") return;
  for (const { path, text } of pipelineTemplates(spec)) {
    const origin = /^https?:\/\/[^/?#{]+(?=[/?#]|$)/.exec(text)?.[0];
    if (path.at(-1) !== "url" || origin === undefined || !URL.canParse(origin)) continue;
    if (new URL(origin).origin === new URL(connection.base_url).origin || admits(origin) !== "no") continue;
    document.add(
      path,
      "E424",
      `the connection does not allow ${origin}: add ${new URL(origin).host} to its allowed_hosts, or ask its own host`,
      { offset: 0, length: origin.length },
    );
  }
}
