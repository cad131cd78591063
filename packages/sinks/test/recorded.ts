import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Compression, readRecording, toArrow } from "@rxbpf/sinks";

import type { Entry, Tested } from "./conformance.js";

/** The rows and losses of a recording, in order. */
export function entries(path: string): Entry[] {
  return [...readRecording(path).batches()].flatMap(({ length, row, notes }) => {
    const found: Entry[] = [];
    for (let i = 0; i <= length; i++) {
      for (const { at, note } of notes)
        if (at === i && note.type === "lost") found.push({ lost: note.count, reason: note.reason });
      if (i === length) break;
      const { seq, size, name } = row(i);
      found.push({ seq: seq as number, size: String(size), name: name as string });
    }
    return found;
  });
}

const recorded = (name: string, compression?: Compression): Tested => ({
  name,
  sink: (target, options) => toArrow(target, { ...options, batchMs: 50, compression }),
  read(written) {
    const directory = mkdtempSync(join(tmpdir(), "rxbpf-recorded-"));
    try {
      const path = join(directory, "copy");
      writeFileSync(path, written);
      return entries(path);
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
  tellsEnd: true,
  shown: (name) => name,
});

export const arrow = recorded("toArrow");
export const compressed = recorded("toArrow, compressed", "zstd");
