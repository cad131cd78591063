import type { Btf } from "../btf.js";
import { eventClock, eventTime } from "../../clock.js";
import { afterRunningPrograms } from "../../ffi/grace-period.js";
import type { BpfMap } from "../../ffi/map.js";
import type { BpfObject } from "../../ffi/object.js";
import { bindMap } from "../../schema/layout.js";
import type { Layout } from "../../schema/record.js";
import { bytesDecoder } from "../../schema/rows.js";
import type { Fields } from "../../schema/field.js";
import { merger } from "../../schema/merge.js";
import { Table } from "../../values/table.js";
import type { Output, Reader, Reading } from "./run.js";
import { stackFields, Stacks } from "./stacks.js";

/** Options for reading a map. */
export interface TableOptions {
  /** Milliseconds from one table to the next; by default there is only one, at the end. */
  readonly everyMs?: number | undefined;
  /** How many tables to emit before the stream ends. */
  readonly count?: number | undefined;
}

/** The fields of a map's keys and values. The map is declared with bpf/include/table.bpf.h. */
export interface TableShape {
  readonly key: Fields;
  readonly value: Fields;
  /**
   * Whether entries stay in the map when they are read: they show a state, not what has happened since. There is only
   * one such map then.
   */
  readonly keep?: boolean;
}

/**
 * Reads the entries of a map as tables, with a row for each key. A row has the fields of key and value; rows are in no
 * order.
 *
 * Entries are taken out exactly while programs go on: two maps take turns, and one is read after its turn, once no
 * program can hold an entry of it any more. Values of different processors are merged as their fields say. Needs kernel
 * 5.6.
 */
export function table<R>(map: string, shape: TableShape, options: TableOptions = {}): Output<Table<R>> {
  const maps = shape.keep ? [map] : [`${map}_0`, `${map}_1`];
  const fields = { ...shape.key, ...shape.value };
  const hasStacks = stackFields(fields).length > 0;
  return {
    maps: hasStacks ? [...maps, `${map}_stacks`] : maps,
    bind(btf) {
      const key = bindMap(maps[0]!, "key", shape.key, btf);
      const value = bindMap(maps[0]!, "value", shape.value, btf);
      return ({ object }, reader) => {
        const stacks = hasStacks ? new Stacks(object.map(`${map}_stacks`), fields, reader.notify) : undefined;
        const entries = maps.map((name) => entryReader<R>(object.map(name), key, value, shape, stacks));
        const reading = shape.keep
          ? new Gauge(entries[0]!, options, reader)
          : new Taking(entries, turnOf(object, btf, `${map}_turn`), options, reader);
        return stacks ? noting(reading, entries, stacks) : reading;
      };
    },
  };
}

/** The word with which user space tells programs which of two maps has its turn. */
function turnOf(object: BpfObject, btf: Btf, name: string): Uint32Array {
  const memory = object.variables(".bss");
  const variable = btf.variables().get(name);
  if (!memory || variable?.section !== ".bss") throw new Error(`Cannot find ${name} in ${object.name}`);
  return new Uint32Array(memory.buffer, memory.byteOffset + variable.offset, 1);
}

interface Entries<R> {
  isEmpty(): boolean;
  /** The rows of all entries. The entries are taken out, unless they stay. */
  read(): R[];
  /** The rows without names in their stacks. The entries are left where they are. */
  look(): R[];
}

/** Stacks of processes that live for less time may have no names. */
const NOTE_MS = 100;

/** Reads the maps from time to time, to note processes while they live. */
function noting<R>(reading: Reading, entries: readonly Entries<R>[], stacks: Stacks): Reading {
  const note = (): void => {
    for (const map of entries) for (const row of map.look()) stacks.note(row as Readonly<Record<string, unknown>>);
  };
  const timer = setInterval(note, NOTE_MS);
  return {
    hasSeen: () => reading.hasSeen(),
    finish: (done) => reading.finish(done),
    hold: () => reading.hold(),
    release: () => reading.release(),
    close() {
      clearInterval(timer);
      reading.close();
      stacks.close();
    },
  };
}

function entryReader<R>(
  map: BpfMap,
  keyLayout: Layout,
  valueLayout: Layout,
  { value, keep }: TableShape,
  stacks: Stacks | undefined,
): Entries<R> {
  const decodeKey = bytesDecoder<object>(keyLayout, eventClock.offsetNs);
  const decodeValue = bytesDecoder<Record<string, unknown>>(valueLayout, eventClock.offsetNs);
  const merge = merger(value);
  const valueOf = (bytes: Uint8Array): object => {
    if (!map.info.perCpu) return decodeValue(bytes);
    const stride = Math.ceil(valueLayout.size / 8) * 8;
    let whole = decodeValue(bytes.subarray(0, valueLayout.size));
    for (let at = stride; at < bytes.length; at += stride)
      whole = merge(whole, decodeValue(bytes.subarray(at, at + valueLayout.size)));
    return whole;
  };
  const rows = (take: boolean): Record<string, unknown>[] =>
    Array.from(map.entries(take), ({ key, value }) => ({ ...decodeKey(key), ...valueOf(value) }));
  return {
    isEmpty: () => map.keys().next().done === true,
    read: () => rows(!keep).map((row) => (stacks ? stacks.named(row) : row) as R),
    look: () => rows(false) as R[],
  };
}

/** Emits tables when they are due, and counts them. */
abstract class Tables<R> implements Reading {
  readonly #reader: Reader<Table<R>>;
  readonly #ticking: NodeJS.Timeout | undefined;
  #left: number;
  #holds = 0;
  #closed = false;
  #seen = false;

  constructor({ everyMs, count = Infinity }: TableOptions, reader: Reader<Table<R>>) {
    this.#reader = reader;
    this.#left = count;
    if (everyMs !== undefined)
      this.#ticking = setInterval(() => {
        if (this.#holds === 0) this.tick();
      }, everyMs);
  }

  protected abstract tick(): void;
  protected abstract isEmpty(): boolean;
  abstract finish(done: () => void): void;

  /** Reads and delivers tables. An error ends the stream. */
  protected deliver(read: () => readonly Table<R>[]): void {
    if (this.#closed) return;
    try {
      for (const table of read()) {
        this.#seen ||= table.length > 0;
        if (this.#closed || this.#left <= 0) return;
        this.#left--;
        this.#reader.batch({ length: 1, row: () => table });
      }
      this.#reader.looked();
    } catch (error) {
      return this.#reader.error(error);
    }
    if (this.#left <= 0) this.#reader.complete();
  }

  protected stopTicking(): void {
    clearInterval(this.#ticking);
  }

  hasSeen(): boolean {
    return this.#seen || !this.isEmpty();
  }

  close(): void {
    this.#closed = true;
    this.stopTicking();
  }

  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
  }
}

/** Takes entries out of two maps in turn. */
class Taking<R> extends Tables<R> {
  readonly #maps: readonly Entries<R>[];
  readonly #turn: Uint32Array;
  /** A table that waits until no program writes to its map any more. */
  #settling: { readonly cancel: () => void; readonly time: number } | undefined;

  constructor(maps: readonly Entries<R>[], turn: Uint32Array, options: TableOptions, reader: Reader<Table<R>>) {
    super(options, reader);
    this.#maps = maps;
    this.#turn = turn;
  }

  protected tick(): void {
    if (this.#settling) return;
    const before = this.#turn[0]!;
    const time = eventTime();
    this.#turn[0] = 1 - before;
    const cancel = afterRunningPrograms(() => {
      this.#settling = undefined;
      this.deliver(() => [new Table(time, this.#maps[before]!.read())]);
    });
    this.#settling = { cancel, time };
  }

  protected isEmpty(): boolean {
    return this.#maps.every((map) => map.isEmpty());
  }

  finish(done: () => void): void {
    const time = eventTime();
    const due = this.#settling;
    this.#stopTimers();
    const cancel = afterRunningPrograms(() => {
      this.deliver(() => {
        const turn = this.#turn[0]!;
        const before = this.#maps[1 - turn]!.read();
        const last = new Table(time, this.#maps[turn]!.read());
        return due || before.length > 0 ? [new Table(due?.time ?? time, before), last] : [last];
      });
      done();
    });
    this.#settling = { cancel, time };
  }

  override close(): void {
    super.close();
    this.#stopTimers();
  }

  #stopTimers(): void {
    this.stopTicking();
    this.#settling?.cancel();
  }
}

/** Reads entries that stay. */
class Gauge<R> extends Tables<R> {
  readonly #map: Entries<R>;

  constructor(map: Entries<R>, options: TableOptions, reader: Reader<Table<R>>) {
    super(options, reader);
    this.#map = map;
  }

  protected tick(): void {
    this.deliver(() => [new Table(eventTime(), this.#map.read())]);
  }

  protected isEmpty(): boolean {
    return this.#map.isEmpty();
  }

  finish(done: () => void): void {
    this.stopTicking();
    this.tick();
    done();
  }
}
