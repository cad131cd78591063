// Small files that ask a reader for far more than their size. Each command that reads recordings reads each of them.
import { writeFileSync } from "node:fs";
import path from "node:path";

import { hostile } from "../hostile-recordings.mjs";
import { report, run, start, withFolder } from "./support/command.mjs";

const READERS = [
  ["info"],
  ["replay", "--json"],
  ["export", "--csv"],
  ["export", "--parquet"],
  ["recover"],
  ["report", "-o", "/dev/null"],
];
/** The most memory for a file of these few megabytes, whatever it asks for. Node alone takes 50 MB. */
const MOST_MEMORY = 256 << 20;
/** More than any takes, even on a busy machine. */
const MOST_SECONDS = 60;
const MEGABYTE = 1 << 20;

const faults = [];
const most = { peak: 0, seconds: 0, stop: 0 };

await withFolder(async (folder) => {
  for (const [name, make] of Object.entries(hostile)) {
    const file = path.join(folder, "hostile.arrow");
    for (const [command, ...flags] of READERS) {
      writeFileSync(file, make());
      const { peak, seconds, signal, stderr } = await run([command, file, ...flags], MOST_SECONDS);
      const where = `${command} of ${name}`;
      if (stderr.includes("another version")) faults.push(`${where}: refused for its format, so read no further`);
      if (signal) faults.push(`${where}: ${signal} after ${Math.round(seconds)} s`);
      if (peak > MOST_MEMORY) faults.push(`${where}: ${Math.round(peak / MEGABYTE)} MB`);
      if (/^\s+at |FATAL/m.test(stderr)) faults.push(`${where}: ${stderr.slice(0, 200)}`);
      if (peak > most.peak) most.peak = peak;
      if (seconds > most.seconds) Object.assign(most, { seconds, slowest: where });
    }
  }
  // A command that takes long still reacts to a signal.
  const file = path.join(folder, "long.arrow");
  writeFileSync(file, hostile["a million batches of nothing"]());
  for (const args of [
    ["replay", file],
    ["export", file, "--json"],
    ["export", file, "--parquet"],
    ["export", file, "--json", "--processes"],
  ]) {
    const { child, ended } = start(...args);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const since = performance.now();
    child.kill("SIGTERM");
    const killing = setTimeout(() => child.kill("SIGKILL"), 10_000);
    if ((await ended).signal === "SIGKILL") faults.push(`${args.join(" ")}: deaf to SIGTERM`);
    clearTimeout(killing);
    most.stop = Math.max(most.stop, (performance.now() - since) / 1000);
  }
});

const { peak, seconds, slowest, stop } = most;
const figures = [
  `${Object.keys(hostile).length} files by ${READERS.length} commands`,
  `at most ${Math.round(peak / MEGABYTE)} MB`,
  `at most ${seconds.toFixed(1)} s (${slowest})`,
  `ended at most ${stop.toFixed(1)} s after SIGTERM`,
];
report("hostile recordings", figures.join(", "), faults);
