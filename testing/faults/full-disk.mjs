// Disks fill up at random moments of a recording, while another process takes all space that becomes free: the file
// stays whole, and has the losses.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmdirSync, statSync } from "node:fs";
import path from "node:path";

import { readRecording } from "@rxbpf/sinks";

import { report, run, withFolder } from "./support/command.mjs";

const ROUNDS = 12;
const flood = ["--", "perl", "-e", '$0 = "opener"; for ($i = 0; $i < 3_000_000; $i++) { open(F, "<", "/none/$i"); }'];

const faults = [];
let events = 0;
let lost = 0;
let whole = 0;
let none = 0;

await withFolder(async (folder) => {
  for (let round = 0; round < ROUNDS; round++) {
    const disk = path.join(folder, "disk");
    mkdirSync(disk);
    const kilobytes = 64 + Math.floor(Math.random() * 8000);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", disk]);
    const taking = `sleep 0.4; while :; do head -c 4096 /dev/zero >> ${disk}/other 2>/dev/null; done`;
    const other = spawn("bash", ["-c", taking], { stdio: "ignore", detached: true });
    try {
      const file = path.join(disk, "r.arrow");
      const flags = round % 2 ? ["--compress"] : [];
      const outcome = await run(["record", "opensnoop", "-n", "opener", "-o", file, ...flags, ...flood]);
      const where = `${kilobytes} kB ${flags.join(" ")}`;
      if (outcome.status !== 1) faults.push(`${where}: status ${outcome.status}`);
      if (
        outcome.stderr !==
        `rxbpf: Cannot write to ${file}: no space left on device; free some space, or write elsewhere\n`
      )
        faults.push(`${where}: ${outcome.stderr.slice(0, 300)}`);
      if (statSync(file, { throwIfNoEntry: false })) {
        const found = look(file);
        if (!found.finished || found.lost === 0 || !found.inOrder) faults.push(`${where}: ${JSON.stringify(found)}`);
        events += found.events;
        lost += found.lost;
        whole++;
      } else none++;
    } finally {
      if (other.pid) process.kill(-other.pid, "SIGKILL");
      execFileSync("umount", ["--lazy", disk]);
      rmdirSync(disk);
    }
  }
});

/** Counts the events of the recording and what it says was lost. */
function look(file) {
  const found = { events: 0, lost: 0, inOrder: true, finished: false };
  const batches = readRecording(file).batches();
  for (let next = batches.next(); ; next = batches.next()) {
    if (next.done) return { ...found, finished: next.value.finished };
    const { length, columns, notes } = next.value;
    for (let i = 0; i < length; i++) found.inOrder &&= columns.get("path")(i) === `/none/${found.events++}`;
    for (const { note } of notes) if (note.reason === "disk full") found.lost += note.count;
  }
}

report(
  "full disk",
  `${ROUNDS} disks, ${whole} whole files with ${events} events that report ${lost} lost, ${none} without room for a file`,
  faults,
);
