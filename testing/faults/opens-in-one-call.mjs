// A user without privileges opens 16,000 files with one call of io_uring. All are reported with their results. Prints
// figures, and ends with 1 if they are wrong.
import { opensnoop } from "@rxbpf/probes";

import { attack, record, report } from "./support/attack.mjs";

const OPENS = 16_000;

const all = await record(opensnoop(), ({ ioUring, comm }) => ioUring && comm === "attacks");
const attacker = await attack("batch", OPENS);
attacker.write("go");
const results = [];
for (let i = 0; i < OPENS; i++) results.push(Number(await attacker.line()));
await attacker.end();
const { events, lost } = await all.finish();

const sorted = (numbers) => numbers.toSorted((a, b) => a - b).join();
const right = sorted(events.map(({ ret }) => ret)) === sorted(results);
report(
  "opens-in-one-call",
  { opens: OPENS, [right ? "seen with their results" : "seen, but not all with their results"]: events.length, lost },
  right && lost === 0,
);
