// Ways to record opens: ours, and those of peers from Debian packages, if installed.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { replay } from "@rxbpf/sinks";
import { count, filter, lastValueFrom } from "rxjs";

/** The words of the rxbpf command. */
export const rxbpf = [process.execPath, fileURLToPath(new URL("../packages/repl/bin/rxbpf.cjs", import.meta.url))];
const peers = {
  opensnoop: "/usr/sbin/opensnoop",
  bpftrace: "/usr/bin/bpftrace",
  script: "/usr/sbin/opensnoop.bt",
  perf: "/usr/bin/perf",
};

/** The packages of peers that are not installed. */
export const missing = [
  [peers.opensnoop, "libbpf-tools"],
  [peers.bpftrace, "bpftrace"],
  [peers.perf, "linux-perf"],
].flatMap(([file, name]) => (existsSync(file) ? [] : [name]));

/**
 * By name: `command` takes the path of a file that it may write and returns the command; `writes`, whether the output
 * is that file and not stdout; `opens` counts a program's opens in the output; `needs`, for a peer, its file.
 */
export const tools = Object.fromEntries(
  Object.entries({
    record: {
      command: (file) => [...rxbpf, "record", "opensnoop", "--force", "-o", file],
      writes: true,
      opens: inRecording,
    },
    "record --compress": {
      command: (file) => [...rxbpf, "record", "opensnoop", "--compress", "--force", "-o", file],
      writes: true,
      opens: inRecording,
    },
    text: { command: () => [...rxbpf, "opensnoop"], opens: inText },
    JSON: { command: () => [...rxbpf, "opensnoop", "--json"], opens: inText },
    "libbpf-tools opensnoop": { needs: peers.opensnoop, command: () => [peers.opensnoop], opens: inText },
    "bpftrace opensnoop.bt": { needs: peers.bpftrace, command: () => [peers.bpftrace, peers.script], opens: inText },
    "bpftrace -f json": {
      needs: peers.bpftrace,
      command: () => [peers.bpftrace, "-f", "json", peers.script],
      opens: inText,
    },
    "perf record": {
      needs: peers.perf,
      command: (file) => [peers.perf, "record", "-q", "-a", "-e", "syscalls:sys_enter_openat", "-o", file],
      writes: true,
      opens: inPerf,
    },
  }).filter(([, { needs }]) => needs === undefined || existsSync(needs)),
);

/**
 * Runs `act` for each of several ways in interleaved rounds. Returns a list of results for each, by name. A peer that
 * fails is left out, with its own message.
 */
export async function interleaved(ways, rounds, act) {
  const samples = new Map(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, samplesOfOne] of samples) {
      try {
        samplesOfOne.push(await act(ways[name]));
      } catch (error) {
        if (ways[name]?.needs === undefined) throw error;
        console.log(`Left out ${name}, as it failed: ${error.message}`);
        samples.delete(name);
      }
    }
  }
  return samples;
}

/** Our own ways. */
export const OURS = ["record", "text", "JSON"];

function inText(file, program) {
  const { stdout } = spawnSync("grep", ["-c", `${program}.*/etc/hostname`, file], { encoding: "utf8" });
  return Number(stdout);
}

function inRecording(file, program) {
  const ofProgram = ({ comm, path, ret }) => comm === program && path === "/etc/hostname" && ret >= 0;
  return lastValueFrom(replay(file).pipe(filter(ofProgram), count()));
}

function inPerf(file, program) {
  const script = '"$1" script -F comm -i "$2" | grep -c "$3"';
  return Number(execFileSync("sh", ["-c", script, "sh", peers.perf, file, program], { encoding: "utf8" }));
}
