import type { Btf } from "./btf/btf.js";
import { unixOffsetNs } from "./clock.js";
import { RingMapping } from "./ffi/ring.js";
import { type Image, load, type Loaded, type Patch } from "./load.js";
import { RingReader } from "./reader.js";
import { bindLayout, type Layout } from "./schema/layout.js";
import { memory, rowDecoder } from "./schema/rows.js";
import type { Fields, Schema } from "./schema/schema.js";
import type { Connection, Receiver, Source } from "./stream.js";

/** What a run is given besides its program. Made anew for each subscription. */
export interface Setting extends Patch {
  /** Said to the subscriber once the programs are attached. */
  readonly notices?: readonly string[];
  /** What to say when no event has come for some seconds. */
  readonly whenIdle?: () => string | undefined;
  /** Frees what the setting holds; called when the run ends. */
  readonly close?: () => void;
}

/** How long a run may be without an event before its setting is asked for an explanation. */
const IDLE_MS = 5_000;

/**
 * A source of the events that a program writes to its ring. Starting it loads and attaches
 * the program; closing it leaves nothing in the kernel.
 */
export function trace<E>(image: Image, schema: Schema<Fields>, prepare: () => Setting): Source<E> {
  return (receiver) => {
    const setting = prepare();
    let loaded: Loaded | undefined;
    try {
      let layout: Layout | undefined;
      loaded = load(image, setting, (btf) => (layout = bindLayout(schema, btf)));
      return run(loaded, layout!, setting, receiver);
    } catch (error) {
      loaded?.object.close();
      setting.close?.();
      throw error;
    }
  };
}

function run<E>({ object, btf, variant }: Loaded, layout: Layout, setting: Setting, receiver: Receiver<E>): Connection {
  const lost = lossCounters(object.variables(".bss") ?? new Uint8Array(), btf);
  const ring = new RingMapping(object.map("events"));
  const decode = rowDecoder<E>(layout, memory(ring.data), Number(unixOffsetNs()) / 1e6);
  let positions: Int32Array;
  let seen = false;
  let closed = false;
  const batch = { length: 0, row: (index: number): E => decode(positions[index]!) };

  const reportLosses = (): void => {
    const time = performance.timeOrigin + performance.now();
    // All counters are read before anybody is told: who hears of a loss may leave, and they are gone.
    for (const { reason, count, total } of lost.map(({ reason, take }) => ({ reason, ...take() }))) {
      if (count > 0) receiver.status({ type: "lost", time, count, total, reason });
    }
  };
  const reader = new RingReader(
    ring,
    (at, count) => {
      seen = true;
      positions = at;
      batch.length = count;
      try {
        receiver.batch(batch);
      } catch (error) {
        receiver.error(error);
      }
      if (!closed) reportLosses();
    },
    reportLosses,
  );
  const idle =
    setting.whenIdle &&
    setTimeout(() => {
      const message = seen ? undefined : setting.whenIdle?.();
      if (message) receiver.status({ type: "notice", message });
    }, IDLE_MS);

  const connection: Connection = {
    stop() {
      object.detach();
      reader.finish(() => receiver.complete());
    },
    close() {
      if (closed) return;
      closed = true;
      clearTimeout(idle);
      object.detach();
      reader.close();
      object.close();
      setting.close?.();
    },
    hold: () => reader.hold(),
    release: () => reader.release(),
  };

  receiver.status({ type: "attached", programs: variant.programs });
  if (variant.lacks) receiver.status({ type: "notice", message: `this kernel does not show ${variant.lacks}` });
  for (const message of setting.notices ?? []) receiver.status({ type: "notice", message });
  return connection;
}

interface LossCounter {
  readonly reason: string;
  /** How many were lost since the last call, and since the start. */
  take: () => { count: number; total: number };
}

/** The program's counters `lost_<reason>`, which it shares with us through its `.bss`. */
function lossCounters(bss: Uint8Array, btf: Btf): LossCounter[] {
  return [...btf.variables()]
    .filter(([name, { section }]) => section === ".bss" && name.startsWith("lost_"))
    .map(([name, { offset }]) => {
      const counter = new Uint32Array(bss.buffer, bss.byteOffset + offset, 2);
      let before = 0;
      return {
        reason: name.slice("lost_".length).replaceAll("_", " "),
        take: () => {
          const total = counter[1]! * 2 ** 32 + counter[0]!;
          const count = total - before;
          before = total;
          return { count, total };
        },
      };
    });
}
