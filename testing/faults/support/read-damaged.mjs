// Reads copies of a recording with random bytes changed, cut or moved: `read-damaged.mjs FILE COPIES SEED`. Prints what it
// found as JSON.
import { readFileSync, writeFileSync } from "node:fs";

import { readRecording, recover } from "@rxbpf/sinks";

const [file, copies, seed] = process.argv.slice(2);
const whole = readFileSync(file);
const copy = `${file}.damaged`;
let state = Number(seed);
const below = (most) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % most;

/** The kinds of damage. */
const DAMAGES = [
  (bytes) => change(bytes, bytes.length),
  // In the head of the file and the batches near it, which have lengths.
  (bytes) => change(bytes, Math.min(bytes.length, 8192)),
  (bytes) => bytes.subarray(0, below(bytes.length)),
  (bytes) => {
    bytes.copy(bytes, below(bytes.length), below(bytes.length), below(bytes.length));
    return bytes;
  },
  (bytes) => {
    const at = below(bytes.length >>> 2) * 4;
    bytes.writeInt32LE([0x7fffffff, -1, 0x40000000, 0, 8][below(5)], Math.min(at, bytes.length - 4));
    return bytes;
  },
];

function change(bytes, within) {
  for (let n = 1 + below(8); n > 0; n--) bytes[below(within)] = below(256);
  return bytes;
}

const found = { read: 0, refused: 0, rows: 0, slowest: 0, faults: [] };
for (let i = 0; i < Number(copies); i++) {
  writeFileSync(copy, DAMAGES[i % DAMAGES.length](Buffer.from(whole)));
  const since = performance.now();
  try {
    for (const { length, row, notes } of readRecording(copy).batches()) {
      for (let j = 0; j < length; j++) found.rows += Object.keys(row(j)).length > 0 ? 1 : 0;
      void notes;
    }
    if (i % 20 === 0) await recover(copy);
    found.read++;
  } catch (error) {
    found.refused++;
    if (!/^Cannot [^\n]*$/.test(error.message)) found.faults.push(`copy ${i}: ${error.stack.slice(0, 300)}`);
  }
  found.slowest = Math.max(found.slowest, performance.now() - since);
}
const peak = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
console.log(JSON.stringify({ ...found, peak, faults: found.faults.slice(0, 10) }));
