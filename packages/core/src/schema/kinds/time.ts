import { WideWriter } from "../column-writers.js";
import { field, type Field } from "../field.js";
import { milliseconds, NS_PER_MS } from "../moment.js";
import { type FieldKind, word } from "./kind.js";

/** A time: in C a `__u64` of CLOCK_BOOTTIME nanoseconds, in a row Unix milliseconds with a fraction. */
export const time: (doc: string) => Field<number> = field("time");

/** 2^32 nanoseconds are this many milliseconds and nanoseconds. */
const HIGH_MS = 4294;
const HIGH_NS = 967_296;

/** The last Unix milliseconds whose nanoseconds fit into 64 bits. */
const LAST = 9e12;

export const timeKind: FieldKind = {
  blank: () => 0,
  recorded: {
    member: "number",
    size: 8,
    align: () => 4,
    row: (place) => `read.time(u32[${word(place)} + 1], u32[${word(place)}])`,
    reader(_, unixOffsetNs) {
      const offsetMs = Number(unixOffsetNs / NS_PER_MS);
      const offsetNs = Number(unixOffsetNs % NS_PER_MS);
      // Every step but the last division is exact, so a time is the same number wherever it is read from.
      return (high: number, low: number) => {
        const ns = high * HIGH_NS + low + offsetNs;
        const ms = Math.floor(ns / 1e6);
        return offsetMs + high * HIGH_MS + ms + (ns - ms * 1e6) / 1e6;
      };
    },
    copy: (place, c) => `{
      const low = u32[${word(place)}] + addLow;
      ${c}[2 * at] = low;
      ${c}[2 * at + 1] = u32[${word(place)} + 1] + addHigh + (low > 0xffffffff ? 1 : 0);
    }`,
    json: { write: (_, value) => `putTime(out, at, ${value})` },
  },
  writer: () => new WideWriter("time"),
  stored: "moment",
  fromFile: () => milliseconds,
  fits: (value) => typeof value === "number" && Math.abs(value) < LAST,
};
