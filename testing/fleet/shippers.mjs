// Sends several directories to one URL: `node shippers.mjs drain|follow URL DIRECTORY...`. Prints a line for each batch that was
// acknowledged. For tests that kill it.
import { watch } from "node:fs";

import { shipRecordings } from "@rxbpf/ship";

const [, , how, url, ...directories] = process.argv;
// The position is replaced after each batch.
const watchers = directories.map((directory) =>
  watch(directory, (_, name) => name.endsWith(".json") && process.stdout.write("sent\n")),
);
const all = directories.map((directory) => shipRecordings(directory, [url]));
if (how === "drain") for (const one of all) one.drain();
await Promise.all(all.map(({ done }) => done));
for (const watcher of watchers) watcher.close();
