import { EventStream, type HeatMap, type StreamInfo, type Table, type TablePart } from "@rxbpf/core";
import { type Column, column, i32, type Receiver, schema, text } from "@rxbpf/core/events";
import { vi } from "vitest";

import { Screen } from "../../../testing/screen.js";
import type { Output } from "../src/live/output.js";

const FRAME_MS = 100;

/** A terminal whose size can be changed, and what it shows. */
export function terminal(columns = 60, rows = 12) {
  const screen = new Screen(columns, rows);
  const output: Output = {
    isTTY: true,
    get columns() {
      return screen.columns;
    },
    get rows() {
      return screen.rows;
    },
    write: (written) => screen.write(written.replaceAll("\n", "\r\n")),
  };
  return {
    output,
    resize: (...size: [columns: number, rows: number]) => screen.resize(...size),
    /** Lets frames pass, one if it is not said how many, and gives the lines that are seen then. */
    async lines(frames = 1): Promise<string[]> {
      await vi.advanceTimersByTimeAsync(frames * FRAME_MS);
      // The screen's own timers.
      await vi.advanceTimersByTimeAsync(1);
      await screen.settled();
      const text = screen.text();
      return text === "" ? [] : text.split("\n").map((line) => line.trimEnd());
    },
  };
}

/** What the streams of tests give. */
export interface Event {
  readonly pid: number;
  readonly path: string;
}

const COLUMNS = [column<Event>("PID", "%-6d ", (e) => e.pid), column<Event>("PATH", "%s", (e) => e.path)];

interface Driven extends Partial<Pick<StreamInfo, "tables">> {
  readonly columns?: readonly Column<Event>[];
  readonly tableParts?: (table: Table<never>) => readonly TablePart[];
  readonly tableHeading?: (table: Table<never>) => string;
  readonly tableHeatMap?: () => (table: Table<never>) => HeatMap;
}

/** A stream whose source the test is, as probes make them. */
export function driven<E = Event>({ tables = false, columns = COLUMNS, ...more }: Driven = {}) {
  let receiver!: Receiver<E>;
  const calls: string[] = [];
  const rows: number[] = [];
  const fields = { pid: i32("who"), path: text("what") };
  const info = { name: "probe", tables, schema: schema("event", fields), columns: () => columns as never, ...more };
  const stream = new EventStream<E>(info, (given) => {
    receiver = given;
    const call = (name: string) => () => void calls.push(name);
    return { stop: call("stop"), close: call("close"), hold: call("hold"), release: call("release") };
  });
  return {
    stream,
    calls,
    /** The indexes of those that were made into rows. */
    rows,
    give(...events: E[]) {
      const row = (index: number): E => {
        rows.push(index);
        return events[index]!;
      };
      receiver.batch({ length: events.length, row });
    },
    lose: (count: number, reason: string) => receiver.status({ type: "lost", time: 0, count, total: count, reason }),
    notice: (message: string) => receiver.status({ type: "notice", message }),
    complete: () => receiver.complete(),
    error: (error: Error) => receiver.error(error),
  };
}

export const events = (count: number): Event[] =>
  Array.from({ length: count }, (_, i) => ({ pid: i, path: `/p/${i}` }));
