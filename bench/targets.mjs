// Compares targets for recording with what was measured. CPU and speed are ratios within one run.

import { OURS } from "./tools.mjs";

const times = (value) => value.toFixed(3);
const bytes = (value) => `${value.toFixed(1)} bytes`;
const seconds = (value) => `${value.toFixed(3)} s`;
const megabytes = (value) => `${(value / 1e6).toFixed(0)} MB`;

/** Each target as `{ target, limit, measured, met }`. If a peer is missing, `measured` and `met` are undefined. */
export function targets({ flood, start, lossless, prompt, report }) {
  const lines = [];
  const line = (target, sign, limit, measured, unit, met) => {
    const told = { target };
    if (Number.isFinite(limit)) told.limit = `${sign} ${unit(limit)}`;
    if (Number.isFinite(measured)) told.measured = unit(measured);
    if (told.limit && told.measured) told.met = met;
    lines.push(told);
  };
  const most = (target, limit, measured, unit) => line(target, "<=", limit, measured, unit, measured <= limit);
  const least = (target, limit, measured, unit) => line(target, ">=", limit, measured, unit, measured >= limit);

  for (const [name, { opens, lost }] of Object.entries(lossless ?? {}))
    most(`${name}: lost of a long flood of ${opens}`, 0, lost, String);
  if (flood) {
    const of = (name) => flood.tools[name];
    const cpu = (name, peer) => of(name).cpu / of(peer)?.cpu;
    least("record: the flood's speed, of untraced", 0.68, of("record").speed, times);
    least("text: the flood's speed, of untraced", 0.6, of("text").speed, times);
    least("JSON: the flood's speed, of untraced", 0.6, of("JSON").speed, times);
    most("record: CPU, of perf record's", 1, cpu("record", "perf record"), times);
    most("record: CPU, of libbpf-tools'", 0.1, cpu("record", "libbpf-tools opensnoop"), times);
    most("text: CPU, of libbpf-tools'", 0.25, cpu("text", "libbpf-tools opensnoop"), times);
    most("JSON: CPU, of bpftrace -f json's", 0.3, cpu("JSON", "bpftrace -f json"), times);
    most("record: size of an event", 88, of("record").bytes, bytes);
    most("record --compress: size of an event", 20, of("record --compress").bytes, bytes);
    for (const name of OURS)
      most(`${name}: peak memory`, 200e6, Math.max(of(name).peak, lossless?.[name].peak ?? 0), megabytes);
  }
  if (start) {
    const { sees, shows } = start["bpftrace opensnoop.bt"] ?? {};
    most("record: start to first event seen, bpftrace's", sees, start.record.sees, seconds);
    most("text: start to first event shown, bpftrace's", shows, start.text.shows, seconds);
    most("JSON: start to first event shown, bpftrace's", start["bpftrace -f json"]?.shows, start.JSON.shows, seconds);
  }
  if (prompt) {
    most("the prompt is there", 0.3, prompt.shown, seconds);
    most("the prompt has checked its first input", 1, prompt.checked, seconds);
  }
  for (const [name, { seconds: taken, peak }] of Object.entries(report ?? {})) {
    most(`a page of a million events (${name}) is made`, 1.5, taken, seconds);
    most(`a page of a million events (${name}): peak memory`, 350e6, peak, megabytes);
  }
  return lines;
}
