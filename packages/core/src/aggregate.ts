import type { Btf } from "./btf/btf.js";
import { eventClock } from "./clock.js";
import type { BpfMap } from "./ffi/map.js";
import type { BpfObject } from "./ffi/object.js";
import { type Image, load, type Loaded } from "./load.js";
import { losses } from "./losses.js";
import { bindLayout, type Layout } from "./schema/layout.js";
import { bytesDecoder } from "./schema/rows.js";
import type { Fields, Schema } from "./schema/schema.js";
import type { Connection, Receiver, Source } from "./source.js";
import { announce, explainIdle, type Setting, settingOf } from "./trace.js";

/** What a program counts, as bpf/include/count.bpf.h makes it: what the keys and the values of its maps say. */
export interface Counter {
  readonly key: Schema<Fields>;
  readonly value: Schema<Fields>;
}

const MAPS = ["counts_0", "counts_1"] as const;
const TURN = "counts_turn";

/** A program that was running when it was detached, or its map when it lost its turn, has ended after this time. */
const SETTLE_MS = 10;
/** How often losses are looked for between tables. */
const LOOK_MS = 1_000;

/**
 * A source of tables: what a program counted, one row for each key with the fields of key and
 * value. Every `intervalMs`, and when it is stopped, it takes all entries out of a map of the program and
 * delivers them as one array, in no order; nothing is counted twice or left out. Kernel 5.6.
 * @param intervalMs undefined: only when it is stopped
 */
export function aggregate<R>(
  image: Image,
  counter: Counter,
  intervalMs: number | undefined,
  prepare: () => Setting,
): Source<readonly R[]> {
  return (receiver) => {
    const setting = settingOf(prepare, receiver);
    let loaded: Loaded | undefined;
    try {
      const layouts: Layout[] = [];
      loaded = load(image, setting, (btf) =>
        layouts.push(bindLayout(counter.key, btf), bindLayout(counter.value, btf)),
      );
      const connection = run<R>(loaded, layouts, intervalMs, setting, receiver);
      announce(loaded, setting, receiver);
      return connection;
    } catch (error) {
      loaded?.object.close();
      setting.close?.(false);
      throw error;
    }
  };
}

function run<R>(
  loaded: Loaded,
  [key, value]: readonly Layout[],
  intervalMs: number | undefined,
  setting: Setting,
  receiver: Receiver<readonly R[]>,
): Connection {
  const { object, btf } = loaded;
  const tables = MAPS.map((name) => tableReader<R>(object.map(name), key!, value!));
  const turn = wordOf(object, btf, TURN);
  const reportLosses = losses(loaded, receiver);
  let closed = false;
  let held = 0;
  let counted = false;
  let settling: NodeJS.Timeout | undefined;

  /** Takes tables, when no program can be counting in their maps any more, and delivers them; `last` ends it. */
  const deliverSoon = (take: () => readonly (readonly R[])[], last?: () => void): void => {
    settling = setTimeout(() => {
      settling = undefined;
      try {
        for (const table of take()) {
          counted ||= table.length > 0;
          if (!closed) receiver.batch({ length: 1, row: () => table });
        }
        if (!closed) reportLosses(last !== undefined);
        if (!closed) last?.();
      } catch (error) {
        receiver.error(error);
      }
    }, SETTLE_MS);
  };
  const looking = setInterval(() => reportLosses(), LOOK_MS);
  const ticking =
    intervalMs &&
    setInterval(() => {
      if (held > 0 || settling) return;
      const before = turn[0]!;
      turn[0] = 1 - before;
      deliverSoon(() => [tables[before]!()]);
    }, intervalMs);
  const counting = (): boolean => MAPS.some((name) => !object.map(name).keys().next().done);
  const stopExplaining = explainIdle(setting, receiver, () => counted || counting());
  const stopTimers = (): void => {
    stopExplaining();
    for (const timer of [looking, ticking, settling]) clearTimeout(timer);
  };

  return {
    stop() {
      const due = settling !== undefined;
      stopTimers();
      object.detach();
      deliverSoon(
        () => {
          const before = tables[1 - turn[0]!]!();
          const last = tables[turn[0]!]!();
          return due || before.length > 0 ? [before, last] : [last];
        },
        () => receiver.complete(),
      );
    },
    close() {
      if (closed) return;
      closed = true;
      stopTimers();
      object.close();
      setting.close?.(true);
    },
    hold: () => void held++,
    release: () => void held--,
  };
}

/** A `__u32` that the running program shares with us. */
function wordOf(object: BpfObject, btf: Btf, name: string): Uint32Array {
  const memory = object.variables(".bss");
  const variable = btf.variables().get(name);
  if (!memory || variable?.section !== ".bss") throw new Error(`Cannot find ${name} in ${object.name}`);
  return new Uint32Array(memory.buffer, memory.byteOffset + variable.offset, 1);
}

function tableReader<R>(map: BpfMap, keyLayout: Layout, valueLayout: Layout): () => R[] {
  const key = bytesDecoder<object>(keyLayout, eventClock.offsetNs);
  const value = bytesDecoder<object>(valueLayout, eventClock.offsetNs);
  return () => Array.from(map.entries(true), (entry) => ({ ...key(entry.key), ...value(entry.value) }) as R);
}
