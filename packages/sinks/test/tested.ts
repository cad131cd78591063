import { printable } from "@rxbpf/core";
import { toJson, toText } from "@rxbpf/sinks";

import type { Entry, PipeTested } from "./conformance.js";

function lines(written: Buffer): string[] {
  const text = written.toString();
  if (text !== "" && !text.endsWith("\n")) throw new Error(`The last line is not whole: ${text.slice(-100)}`);
  return text.split("\n").slice(0, -1);
}

export const json: PipeTested = {
  name: "toJson",
  sink: toJson,
  read: (written) =>
    lines(written).map((line): Entry => {
      const record = JSON.parse(line);
      if (record.type === "lost") return { lost: record.count, reason: record.reason };
      // JSON.parse rounds, so take the digits from the text.
      return { seq: record.seq, size: /"size":(-?\d+)/.exec(line)![1]!, name: record.name };
    }),
  shown: (name) => name,
};

export const text: PipeTested = {
  name: "toText",
  sink: (target, options) => toText(target, options),
  read: (written) =>
    lines(written)
      .filter((line) => !line.startsWith("SEQ "))
      .map((line): Entry => {
        const loss = /^LOST (\d+) events: (.*)$/.exec(line);
        if (loss) return { lost: Number(loss[1]), reason: loss[2]! };
        const event = /^(\d+) +(-?\d+) (.*)$/.exec(line) ?? /^seq=(\d+) size=(-?\d+) name=(.*)$/.exec(line);
        if (!event) throw new Error(`Not a row: ${line}`);
        return { seq: Number(event[1]), size: event[2]!, name: event[3]! };
      }),
  shown: printable,
};
