import { readRecording } from "@rxbpf/sinks";
import { Ajv } from "ajv";
import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { type Outcome, temporaryFolder } from "../../../testing/programs.js";
import { rxbpf } from "./cli.js";

const folder = temporaryFolder();
const directory = `${folder}/recording`;

/** What the "Trace Event Format" says of the kinds of events that are written. */
const COMMON = {
  type: "object",
  required: ["name", "ph", "ts", "pid", "tid"],
  properties: {
    name: { type: "string" },
    cat: { type: "string" },
    ts: { type: "number", minimum: 0 },
    pid: { type: "integer" },
    tid: { type: "integer" },
    args: { type: "object" },
  },
};
const kind = (ph: string, required: readonly string[], properties: object): object => ({
  required,
  properties: { ph: { const: ph }, ...properties },
});
const SCHEMA = {
  type: "object",
  required: ["traceEvents"],
  properties: {
    displayTimeUnit: { enum: ["ms", "ns"] },
    otherData: { type: "object" },
    traceEvents: {
      type: "array",
      items: {
        allOf: [
          COMMON,
          {
            anyOf: [
              kind("X", ["dur"], { dur: { type: "number", minimum: 0 } }),
              kind("i", ["s"], { s: { enum: ["t", "p", "g"] } }),
              kind("b", ["id", "cat"], { id: { type: "integer" } }),
              kind("e", ["id", "cat"], { id: { type: "integer" } }),
              kind("M", ["args"], { name: { enum: ["process_name", "thread_name"] } }),
            ],
          },
        ],
      },
    },
  },
};

interface Entry {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur: number;
  readonly pid: number;
  readonly cat: string;
  readonly args: Readonly<Record<string, unknown>>;
}

let outcome: Outcome;
let trace: { readonly traceEvents: readonly Entry[]; readonly otherData: { readonly start: string } };

beforeAll(async () => {
  build();
  const script = `cat '/etc/hostname"}],' /etc/hostname; getent hosts localhost; exec sh -c 'exec env true'`;
  const probes = ["opensnoop", "execsnoop", "exitsnoop", "gethostlatency"];
  await rxbpf("record", ...probes, "-o", directory, "--", "sh", "-c", script);
  outcome = await rxbpf("export", directory, "--trace");
  trace = JSON.parse(outcome.stdout);
}, 60_000);

test("a trace is as the format's description says", () => {
  expect(outcome).toMatchObject({ status: 0, stderr: "" });
  const ajv = new Ajv({ strict: false });
  expect(ajv.validate(SCHEMA, trace), ajv.errorsText()).toBe(true);
});

test("programs are spans, which nest in those of their processes", () => {
  const spans = trace.traceEvents.filter(({ ph }) => ph === "X");
  const programs = spans.filter(({ args }) => "file" in args);
  expect(programs.map(({ args }) => args["args"])).toEqual(
    expect.arrayContaining([
      ["cat", '/etc/hostname"}],', "/etc/hostname"],
      ["getent", "hosts", "localhost"],
      ["sh", "-c", "exec env true"],
      ["env", "true"],
      ["true"],
    ]),
  );
  // One process ran the last three, one after the other.
  const { pid } = programs.find(({ args }) => String(args["args"]) === "true")!;
  const chain = programs.filter((span) => span.pid === pid).toSorted((a, b) => a.ts - b.ts);
  expect(chain.map(({ name }) => name)).toEqual(["sh", "sh", "env", "true"]);
  for (const one of spans) {
    for (const other of spans.filter((span) => span.pid === one.pid && span !== one)) {
      const [outer, inner] = one.dur >= other.dur ? [one, other] : [other, one];
      const apart = end(inner) <= outer.ts + SLACK || inner.ts + SLACK >= end(outer);
      const within = inner.ts + SLACK >= outer.ts && end(inner) <= end(outer) + SLACK;
      expect(apart || within, JSON.stringify([one, other])).toBe(true);
    }
  }
});

test("opens are points, lookups spans of their own, with their fields; times are exact", () => {
  const opens = trace.traceEvents.filter(({ cat }) => cat === "opensnoop");
  expect(opens.find(({ name }) => name === '/etc/hostname"}],')).toMatchObject({ ph: "i", args: { ret: -2 } });
  const lookup = trace.traceEvents.filter(({ cat }) => cat === "gethostlatency");
  expect(lookup.slice(0, 2).map(({ ph, name }) => [ph, name])).toEqual([
    ["b", "localhost"],
    ["e", "localhost"],
  ]);
  const [begin, finish] = lookup as [Entry, Entry];
  expect(Math.abs(finish.ts - begin.ts - Number(begin.args["latencyNs"]) / 1e3)).toBeLessThan(SLACK);

  // To the nanosecond, as they are in the recording.
  const times = [...readRecording(`${directory}/opensnoop.arrow`).batches()].flatMap(({ length, columns }) =>
    Array.from({ length }, (_, row) => columns.get("time")!(row) as bigint),
  );
  const start = nanoseconds(trace.otherData.start);
  expect(opens.map(({ ts }) => start + BigInt(Math.round(ts * 1e3)))).toEqual(times);
});

/** Half a nanosecond and the error of a sum, in microseconds. */
const SLACK = 0.0011;

function end({ ts, dur }: Entry): number {
  return ts + dur;
}

function nanoseconds(iso: string): bigint {
  const [, whole, fraction] = /^(.*)\.(\d{9})Z$/.exec(iso)!;
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction!);
}
