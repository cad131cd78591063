// A user without privileges has 300,000 waiting opens of io_uring, in ten processes. The opens of others are reported
// with their results, and nothing is lost. Prints figures, and ends with 1 if they are wrong.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { opensnoop } from "@rxbpf/probes";

import { attack, compile, isOfNobody, record, report, start } from "./support/attack.mjs";

const ATTACKERS = 10;
const WAITING = 30_000;
const ROUNDS = 100;

const folder = mkdtempSync(path.join(tmpdir(), "rxbpf-faults-opens-"));
writeFileSync(path.join(folder, "made"), "");
const uring = compile("packages/probes/test/opensnoop/programs/uring.c");
const others = await record(opensnoop(), ({ ioUring, comm }) => ioUring && comm === "uring");
const theirs = await record(
  opensnoop({ uid: 65534, ringBytes: 2 ** 28 }),
  (event) => event.ioUring && isOfNobody(event),
);

const attackers = await Promise.all([...Array(ATTACKERS)].map(() => attack("opens", WAITING)));
const results = [];
for (let round = 0; round < ROUNDS; round++) {
  const victim = start(uring, "kinds", folder);
  for (let i = 0; i < 3; i++) results.push(Number(await victim.line()));
  await victim.end();
}
for (const attacker of attackers) await attacker.end();
const victims = await others.finish();
const attacking = await theirs.finish();
rmSync(folder, { recursive: true });

const sorted = (numbers) => numbers.toSorted((a, b) => a - b).join();
const right = sorted(victims.events.map(({ ret }) => ret)) === sorted(results);
const lost = victims.lost + attacking.lost;
report(
  "waiting-opens",
  {
    "waiting opens of one user": ATTACKERS * WAITING,
    "of them seen": attacking.events.length,
    "opens of others": results.length,
    [right ? "seen with their results" : "seen, but not all with their results"]: victims.events.length,
    lost,
  },
  right && lost === 0 && attacking.events.length === ATTACKERS * WAITING,
);
