// Recorders and recoveries on one path at the same moment: one of them writes, and the others refuse with one line.
// Also after a writer was killed.
import { readFileSync, statSync } from "node:fs";
import path from "node:path";

import { readRecording } from "@rxbpf/sinks";

import { report, run, start, withFolder } from "./support/command.mjs";

const ROUNDS = 6;
const WRITERS = 4;

const faults = [];
const counts = { written: 0, refused: 0, recovered: 0 };

/** A command that opens a file of its own for as long as the others need to start. */
const opens = (own) => ["--", "sh", "-c", `for i in 1 2 3 4 5 6 7 8 9 10; do cat ${own} 2>/dev/null; sleep 0.2; done`];

await withFolder(async (folder) => {
  for (let round = 0; round < ROUNDS; round++) {
    const file = path.join(folder, `${round}.arrow`);
    const force = round % 2 ? ["--force"] : [];
    const owns = Array.from({ length: WRITERS }, (_, i) => `/none/${round}-${i}`);
    const writers = owns.map((own) => run(["record", "opensnoop", "-n", "cat", "-o", file, ...force, ...opens(own)]));
    const recoveries = recoverUntil(Promise.all(writers), file);
    const outcomes = await Promise.all(writers);
    for (const outcome of [...outcomes, ...(await recoveries)]) {
      if (outcome.status === 0) continue;
      counts.refused++;
      if (outcome.status !== 1 || !/^rxbpf: Cannot (write to|read) [^\n]*\n$/.test(outcome.stderr))
        faults.push(`${outcome.signal ?? outcome.status}: ${outcome.stderr.slice(0, 300)}`);
    }
    const done = owns.filter((_, i) => outcomes[i].status === 0);
    counts.written += done.length;
    if (done.length !== 1) faults.push(`${done.length} of ${WRITERS} recorders ended with 0 (${force.join(" ")})`);
    const found = look(file);
    if (!found.finished) faults.push(`the file is not whole: ${JSON.stringify(found)}`);
    for (const own of done)
      if (!(found.paths.get(own) >= 10))
        faults.push(`${own} was opened 10 times and is there ${found.paths.get(own)} times`);
  }
  for (let round = 0; round < ROUNDS; round++) {
    const file = path.join(folder, `killed-${round}.arrow`);
    const { child, ended } = start("record", "opensnoop", "-o", file);
    while (!(statSync(file, { throwIfNoEntry: false })?.size > 0))
      await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGKILL");
    await ended;
    const { status } = await run(["recover", file]);
    if (status === 0 && look(file).finished) counts.recovered++;
    else faults.push(`what a killed writer left was not recovered: ${status}`);
  }
});

/** Recovers a file again and again until something has ended. */
async function recoverUntil(end, file) {
  let isOver = false;
  void end.then(() => (isOver = true));
  const outcomes = [];
  while (!isOver) outcomes.push(await run(["recover", file]));
  return outcomes;
}

/** Counts each path in a recording, and tells whether it is whole. */
function look(file) {
  const paths = new Map();
  const batches = readRecording(file).batches();
  for (let next = batches.next(); ; next = batches.next()) {
    if (next.done) return { paths, finished: next.value.finished, bytes: readFileSync(file).length };
    for (let i = 0; i < next.value.length; i++) {
      const opened = next.value.columns.get("path")(i);
      paths.set(opened, (paths.get(opened) ?? 0) + 1);
    }
  }
}

const { written, refused, recovered } = counts;
report(
  "two writers",
  `${ROUNDS} rounds of ${WRITERS} recorders with recoveries, ${written} wrote, ${refused} were refused; ${recovered} of ${ROUNDS} killed recorders' files recovered`,
  faults,
);
