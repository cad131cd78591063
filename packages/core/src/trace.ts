import type { Btf } from "./btf/btf.js";
import { eventClock } from "./clock.js";
import { RingMapping } from "./ffi/ring.js";
import { type Image, load, type Loaded, type Patch } from "./load.js";
import { losses } from "./losses.js";
import { RingReader } from "./reader.js";
import { bindLayout, type Layout, recordMark } from "./schema/layout.js";
import { memory, type RowDecoder, rowDecoder } from "./schema/rows.js";
import type { Fields, Schema } from "./schema/schema.js";
import type { Connection, Receiver, Source } from "./source.js";

/** What a run is given besides its program. Made anew for each subscription. */
export interface Setting extends Patch {
  /** Records that are not events: those whose `_record` is not 0. */
  readonly aside?: Aside;
  /** Said to the subscriber once the programs are attached. */
  readonly notices?: readonly string[];
  /** What to say when no event has come for some seconds. */
  readonly whenIdle?: () => string | undefined;
  /** Frees what the setting holds, when the run ends; and if the run could not start, undoes what it made. */
  readonly close?: (started: boolean) => void;
}

/** What a program tells its probe beside its events. */
export interface Aside {
  readonly schema: Schema<Fields>;
  /** Takes each such record, before the events that were read with it. */
  readonly take: (row: never) => void;
}

/** How often losses are looked for while no event comes. */
const LOOK_MS = 1_000;
/** How long a run may be without an event before its setting is asked for an explanation. */
const IDLE_MS = 5_000;

/**
 * A source of the events that a program writes to its ring. Starting it loads and attaches
 * the program; closing it leaves nothing in the kernel.
 */
export function trace<E>(image: Image, schema: Schema<Fields>, prepare: () => Setting): Source<E> {
  return (receiver) => {
    const setting = settingOf(prepare, receiver);
    let loaded: Loaded | undefined;
    try {
      let records: Records | undefined;
      loaded = load(image, setting, (btf) => (records = bindRecords(btf, schema, setting.aside)));
      const connection = run<E>(loaded, records!, setting, receiver);
      announce(loaded, setting, receiver);
      return connection;
    } catch (error) {
      loaded?.object.close();
      setting.close?.(false);
      throw error;
    }
  };
}

/** The setting of a run, which also keeps the clock of events as it is until the run ends. */
export function settingOf(prepare: () => Setting, receiver: Receiver<never>): Setting {
  const letGo = eventClock.keep((message) => receiver.status({ type: "notice", message }));
  try {
    const setting = prepare();
    return {
      ...setting,
      close(started) {
        letGo();
        setting.close?.(started);
      },
    };
  } catch (error) {
    letGo();
    throw error;
  }
}

/** What the records of a ring are. */
interface Records {
  readonly event: Layout;
  /** Of those that are no events, with the place of what tells them apart. */
  readonly aside?: { readonly layout: Layout; readonly mark: number };
}

function bindRecords(btf: Btf, schema: Schema<Fields>, aside: Aside | undefined): Records {
  const event = bindLayout(schema, btf);
  if (!aside) return { event };
  const mark = recordMark(btf, [schema.struct, aside.schema.struct]);
  return { event, aside: { layout: bindLayout(aside.schema, btf), mark } };
}

/** Tells the receiver what runs now, and what a person should know of it. */
export function announce({ variant }: Loaded, { notices = [] }: Setting, receiver: Receiver<never>): void {
  receiver.status({ type: "attached", programs: variant.programs });
  if (variant.lacks) receiver.status({ type: "notice", message: `this kernel does not show ${variant.lacks}` });
  for (const message of notices) receiver.status({ type: "notice", message });
}

/** Asks the setting for an explanation if no event was seen after some seconds. Returns what stops that. */
export function explainIdle({ whenIdle }: Setting, receiver: Receiver<never>, seen: () => boolean): () => void {
  if (!whenIdle) return () => {};
  const timer = setTimeout(() => {
    const message = seen() ? undefined : whenIdle();
    if (message) receiver.status({ type: "notice", message });
  }, IDLE_MS);
  return () => clearTimeout(timer);
}

function run<E>(loaded: Loaded, layouts: Records, setting: Setting, receiver: Receiver<E>): Connection {
  const { object } = loaded;
  const reportLosses = losses(loaded, receiver);
  const ring = new RingMapping(object.map("events"));
  const from = memory(ring.data);
  const unixOffset = eventClock.offsetNs;
  const decode = rowDecoder<E>(layouts.event, from, unixOffset);
  const setAside =
    layouts.aside &&
    setting.aside &&
    separator(
      from.u16,
      layouts.aside.mark,
      rowDecoder<never>(layouts.aside.layout, from, unixOffset),
      setting.aside.take,
    );
  let seen = false;
  let closed = false;
  const records = {
    layout: layouts.event,
    memory: from,
    positions: new Int32Array() as Int32Array,
    count: 0,
    unixOffsetNs: unixOffset,
  };
  const batch = { length: 0, row: (index: number): E => decode(records.positions[index]!), records };

  const reader = new RingReader(
    ring,
    (at, count) => {
      seen = true;
      records.positions = at;
      try {
        batch.length = records.count = setAside ? setAside(at, count) : count;
        receiver.batch(batch);
      } catch (error) {
        receiver.error(error);
      }
      if (!closed) reportLosses();
    },
    () => reportLosses(),
  );
  const looking = setInterval(() => reportLosses(), LOOK_MS);
  const stopExplaining = explainIdle(setting, receiver, () => seen);

  return {
    stop() {
      object.detach();
      reader.finish(() => {
        reportLosses(true);
        if (!closed) receiver.complete();
      });
    },
    close() {
      if (closed) return;
      closed = true;
      clearInterval(looking);
      stopExplaining();
      object.detach();
      reader.close();
      object.close();
      setting.close?.(true);
    },
    hold: () => reader.hold(),
    release: () => reader.release(),
  };
}

/** Hands over the records of a batch that are not events, and moves the others together. Returns how many those are. */
function separator(
  u16: Uint16Array,
  mark: number,
  decode: RowDecoder<never>,
  take: (row: never) => void,
): (positions: Int32Array, count: number) => number {
  return (positions, count) => {
    let events = 0;
    for (let i = 0; i < count; i++) {
      const position = positions[i]!;
      if (u16[(position + mark) >>> 1] === 0) positions[events++] = position;
      else take(decode(position));
    }
    return events;
  };
}
