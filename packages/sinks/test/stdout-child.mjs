// A program that writes to its own stdout, for stdout.test.ts.
import { writeSync } from "node:fs";

import { EventStream } from "@rxbpf/core";
import { column, schema } from "@rxbpf/core/events";
import { toJson, toStdout } from "@rxbpf/sinks";

const [sink, script] = process.argv.slice(2);
const say = (text) => writeSync(2, `${text}\n`);

let seq = 0;
const rows = (length) => ({ length, row: () => ({ seq: seq++, name: "a\x1b[2Jfile" }) });

const all = (receiver, length) => {
  receiver.batch(rows(length));
  receiver.complete();
};

const SCRIPTS = {
  nothing: () => {},
  one: (receiver) => setImmediate(() => receiver.batch(rows(1))),
  some: (receiver) => setImmediate(() => all(receiver, 2000)),
  many: (receiver) => setImmediate(() => all(receiver, 20_000)),
  ticks: (receiver) => setInterval(() => receiver.batch(rows(1)), 5),
  flood: (receiver) => setInterval(() => receiver.batch(rows(1000)), 1),
};

const stream = new EventStream(
  {
    name: "child",
    schema: schema("row", {}),
    columns: () => [column("SEQ", "%-6d ", (e) => e.seq), column("NAME", "%s", (e) => e.name)],
  },
  (receiver) => {
    receiver.status({ type: "attached", programs: [] });
    const alive = setInterval(() => {}, 1000);
    const timer = SCRIPTS[script](receiver);
    const close = () => {
      clearInterval(alive);
      clearInterval(timer);
    };
    return { stop: () => {}, close, hold: () => say("held"), release: () => {} };
  },
);

const start = (then) =>
  stream.pipe(sink === "json" ? toJson(process.stdout) : toStdout()).subscribe({
    error: (error) => say(error.message),
    complete: then,
  });

process.on("SIGTERM", () => {
  say("SIGTERM");
  process.exit(3);
});
// Twice if it ends by itself: the first sink must leave stdout open.
start(() => (script === "many" ? start(() => say("complete")) : say("complete")));
