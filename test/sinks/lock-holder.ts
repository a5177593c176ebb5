/** A process of its own that takes a lock, says so, and holds it until it is killed. */
import { openSink } from "../../src/sinks/index.ts";

const [address = "", name = ""] = process.argv.slice(2);
const sink = await openSink(address, { readOnly: false });
const lock = await sink.lock(name);
process.stdout.write(lock ? "held\n" : "refused\n");
setInterval(() => {}, 1000);
