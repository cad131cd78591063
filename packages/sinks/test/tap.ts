import { bytesOf, EventStream } from "@rxbpf/core";
import { column, i32, type Receiver, type Records, schema, text, u64 } from "@rxbpf/core/events";

export interface Row {
  readonly seq: number;
  readonly size: number;
  readonly name: string;
}

export const row = (seq: number, name: string = "file", size: number = seq * 10): Row => ({
  seq,
  size,
  name,
});

const rowSchema = schema("row", {
  seq: i32("number of the event"),
  size: u64("64 bits"),
  name: text("untrusted"),
});

/** A stream whose source the test drives. It ignores `hold`, but counts the calls. */
export interface Tap {
  readonly stream: EventStream<Row>;
  /** How often it was started, held, released and closed. */
  readonly calls: { start: number; hold: number; release: number; close: number };
  readonly held: boolean;
  /** The receiver of each subscription. The methods below use the last. */
  readonly runs: readonly Receiver<Row>[];
  /** Called when a hold ends. */
  onRelease: () => void;
  emit(...rows: Row[]): void;
  /** The same as a program's records. A row that is made from one shows that it was. */
  emitRecords(...rows: Row[]): void;
  lose(count: number, reason: string): void;
  complete(): void;
  fail(error: unknown): void;
}

/** @param starting what the source does while it starts */
export function tap(starting: (tap: Tap) => void = () => {}): Tap {
  const calls = { start: 0, hold: 0, release: 0, close: 0 };
  const runs: Receiver<Row>[] = [];
  let total = 0;
  const columns = () => [
    column<Row>("SEQ", "%-6d ", (e) => e.seq),
    column<Row>("SIZE", "%17d ", (e) => e.size),
    column<Row>("NAME", "%s", (e) => e.name),
  ];
  const self: Tap = {
    stream: new EventStream<Row>({ name: "tap", schema: rowSchema, columns }, (receiver) => {
      runs.push(receiver);
      calls.start++;
      receiver.status({ type: "attached", programs: ["tap"] });
      starting(self);
      return {
        stop: () => receiver.complete(),
        close: () => void calls.close++,
        hold: () => void calls.hold++,
        release: () => {
          calls.release++;
          self.onRelease();
        },
      };
    }),
    calls,
    runs,
    get held() {
      return calls.hold > calls.release;
    },
    onRelease: () => {},
    emit: (...rows) => runs.at(-1)!.batch({ length: rows.length, row: (index) => rows[index]! }),
    emitRecords: (...rows) =>
      runs.at(-1)!.batch({ length: rows.length, row: () => row(-1, "made of a record"), records: recordsOf(rows) }),
    lose: (count, reason) =>
      runs.at(-1)!.status({
        type: "lost",
        time: 1_700_000_000_000.5,
        count,
        total: (total += count),
        reason,
      }),
    complete: () => runs.at(-1)!.complete(),
    fail: (error) => runs.at(-1)!.error(error),
  };
  return self;
}

const RECORD = 128;
const TEXT = 24;
const memory = (() => {
  const buffer = new ArrayBuffer(RECORD * 10_000);
  return {
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    u32: new Uint32Array(buffer),
    i32: new Int32Array(buffer),
  };
})();
const layout = {
  size: TEXT,
  places: [
    { name: "seq", kind: "i32", offset: 0, size: 4 },
    { name: "size", kind: "u64", offset: 8, size: 8 },
    { name: "name", kind: "text", offset: 16, size: 4 },
  ],
} as const;

/** Records as a program writes them, one after the other, in memory that is reused like a ring's. */
function recordsOf(rows: readonly Row[]): Records {
  const positions = Int32Array.from(rows, (_, i) => i * RECORD);
  for (const [i, { seq, size, name }] of rows.entries()) {
    const record = Buffer.from(memory.u8.buffer, positions[i], RECORD);
    const text = bytesOf(name);
    record.writeInt32LE(seq, 0);
    record.writeBigUInt64LE(BigInt(size), 8);
    record.writeUInt16LE(TEXT, 16);
    record.writeUInt16LE(text.length, 18);
    text.copy(record, TEXT);
  }
  return { layout, memory, positions, count: rows.length, unixOffsetNs: 0n };
}
