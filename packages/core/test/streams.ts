import { EventStream } from "@rxbpf/core";
import { type Receiver, schema, type Source } from "@rxbpf/core/events";

/** One run of a source that the test drives by hand. */
export interface Run extends Receiver<number> {
  /** The calls of its run, in order. */
  readonly calls: string[];
  give(...events: number[]): void;
}

/** A stream whose runs the test drives. */
export function driven(): { stream: EventStream<number>; runs: Run[] } {
  const runs: Run[] = [];
  const source: Source<number> = (receiver) => {
    const calls: string[] = [];
    runs.push({
      ...receiver,
      calls,
      give: (...events) => receiver.batch({ length: events.length, row: (index) => events[index]! }),
    });
    const note = (call: string) => () => void calls.push(call);
    return { stop: note("stop"), close: note("close"), hold: note("hold"), release: note("release") };
  };
  return { stream: streamOf(source), runs };
}

export function streamOf<E>(source: Source<E>): EventStream<E> {
  return new EventStream({ name: "numbers", schema: schema("number", {}), columns: () => [] }, source);
}
