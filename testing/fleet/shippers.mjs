// Sends several directories to one URL: `node shippers.mjs drain|follow URL DIRECTORY...`. For tests that kill it.
import { shipRecordings } from "@rxbpf/ship";

const [, , how, url, ...directories] = process.argv;
const all = directories.map((directory) => shipRecordings(directory, [url]));
console.error("begun");
if (how === "drain") for (const one of all) one.drain();
await Promise.all(all.map(({ done }) => done));
