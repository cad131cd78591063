import type { Btf } from "../btf.js";
import { eventClock } from "../../clock.js";
import { RingMapping } from "../../ffi/ring.js";
import type { Loaded } from "../load.js";
import { RingReader } from "../reader.js";
import { bindLayout, recordMark } from "../../schema/layout.js";
import type { Layout } from "../../schema/record.js";
import { memory } from "../../schema/record.js";
import { type RowDecoder, rowDecoder } from "../../schema/rows.js";
import type { Fields } from "../../schema/field.js";
import type { Schema } from "../../schema/schema.js";
import type { Output, Reader, Reading } from "./run.js";

/** Records that a program sends to its probe besides events: those whose `_record` is not 0. */
export interface SideRecords {
  readonly schema: Schema<Fields>;
  /** Takes each such record, before the events of the same batch. */
  readonly take: (row: never) => void;
}

/** The records of a ring buffer, as events. */
export function ring<E>(map: string, schema: Schema<Fields>, side?: SideRecords): Output<E> {
  return {
    maps: [map, `${map}_scratch`],
    bind(btf) {
      const layouts = bindRecords(btf, schema, side);
      return (loaded, reader) => read(map, loaded, layouts, side, reader);
    },
  };
}

/** The layouts of a ring's records. */
interface Layouts {
  readonly event: Layout;
  /** The layout of records that are no events, with the offset of `_record`, which tells them apart. */
  readonly side?: { readonly layout: Layout; readonly mark: number };
}

function bindRecords(btf: Btf, schema: Schema<Fields>, side: SideRecords | undefined): Layouts {
  const event = bindLayout(schema, btf);
  if (!side) return { event };
  const mark = recordMark(btf, [schema.struct, side.schema.struct]);
  return { event, side: { layout: bindLayout(side.schema, btf), mark } };
}

function read<E>(
  map: string,
  { object }: Loaded,
  layouts: Layouts,
  side: SideRecords | undefined,
  { batch: deliver, looked, leftOut }: Reader<E>,
): Reading {
  const mapping = new RingMapping(object.map(map));
  const from = memory(mapping.data);
  const unixOffset = eventClock.offsetNs;
  const decode = rowDecoder<E>(layouts.event, from, unixOffset);
  const takeSide =
    layouts.side &&
    side &&
    sideRecordTaker(from.u16, layouts.side.mark, rowDecoder<never>(layouts.side.layout, from, unixOffset), side.take);
  const records = {
    layout: layouts.event,
    memory: from,
    positions: new Int32Array() as Int32Array,
    count: 0,
    unixOffsetNs: unixOffset,
  };
  const batch = { length: 0, row: (index: number): E => decode(records.positions[index]!), records };
  const keep = leftOut && keeper(from.u32, layouts.event, leftOut);
  let seen = false;

  const reader = new RingReader(
    mapping,
    (positions, count) => {
      const kept = keep ? keep(positions, count) : count;
      seen ||= kept > 0;
      records.positions = positions;
      batch.length = records.count = takeSide ? takeSide(positions, kept) : kept;
      deliver(batch);
      looked();
    },
    looked,
  );
  return {
    hasSeen: () => seen,
    look: () => reader.look(),
    finish: (done) => reader.finish(done),
    close: () => reader.close(),
    hold: () => reader.hold(),
    release: () => reader.release(),
  };
}

/**
 * Takes the records of some cgroups out of a batch, and closes the gaps. All records of a ring begin with the same `struct who`.
 * Returns how many are left.
 */
function keeper(
  u32: Uint32Array,
  { places }: Layout,
  leftOut: () => ReadonlySet<number>,
): (positions: Int32Array, count: number) => number {
  const { offset } = places.find(({ name }) => name === "cgroupId")!;
  return (positions, count) => {
    const cgroups = leftOut();
    if (cgroups.size === 0) return count;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = positions[i]!;
      const word = (position + offset) >>> 2;
      if (!cgroups.has(u32[word]! + u32[word + 1]! * 2 ** 32)) positions[kept++] = position;
    }
    return kept;
  };
}

/**
 * Hands over the records of a batch that are no events, and closes the gaps between the events. Returns the number of
 * events.
 */
function sideRecordTaker(
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
