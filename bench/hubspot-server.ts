/**
 * The sandbox HubSpot of W1 and W2 in a process of its own, without limits, so that its time is nobody else's.
 * Started by `startContacts`; answers messages of its parent.
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { startHubspotSandbox } from "../sandbox/hubspot/index.ts";
import { contactLine, contactProperties } from "./contacts.ts";

/** What the parent asks: change some contacts as of now, or write all as lines of COPY. */
export type Asked = { do: "touch"; count: number } | { do: "write"; file: string };

const sandbox = await startHubspotSandbox({
  records: Number(process.argv[2]),
  deals: 0,
  appointments: 0,
  limits: false,
  oneTimestamp: 0,
});

process.on("disconnect", () => process.exit());
process.on("message", async (asked: Asked) => {
  if (asked.do === "touch") sandbox.touch({ count: asked.count });
  else await writeAll(asked.file);
  process.send!("done");
});
process.send!({ url: sandbox.url, token: sandbox.token });

async function writeAll(file: string): Promise<void> {
  const out = createWriteStream(file);
  for (const contact of sandbox.all("contacts", contactProperties))
    if (!out.write(contactLine(contact))) await once(out, "drain");
  out.end();
  await once(out, "finish");
}
