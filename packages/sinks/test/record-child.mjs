// A program that records as fast as it can until it is killed, for killed.kernel.test.ts. It prints its progress.
import { writeSync } from "node:fs";

import { EventStream } from "@rxbpf/core";
import { i32, schema, text, u64 } from "@rxbpf/core/events";
import { toArrow } from "@rxbpf/sinks";

const [path, batchRows, compression] = process.argv.slice(2);
const fields = { seq: i32(""), size: u64(""), name: text("") };
let seq = 0;
const row = () => ({ seq, size: seq * 10, name: `file ${seq++}` });

const stream = new EventStream({ name: "child", schema: schema("row", fields), columns: () => [] }, (receiver) => {
  const timer = setInterval(() => receiver.batch({ length: 500, row }), 1);
  return { stop: () => {}, close: () => clearInterval(timer), hold: () => {}, release: () => {} };
});
stream.pipe(toArrow(path, { batchRows: Number(batchRows), batchMs: 100, compression })).subscribe({
  next: ({ rows, bytes }) => writeSync(1, `${JSON.stringify({ rows, bytes })}\n`),
});
