import type { Row } from "../table.js";

/** A process, or a program in it, from its beginning to its end in microseconds. */
export interface Span {
  readonly name: string;
  readonly pid: number;
  readonly from: number;
  readonly to: number;
  readonly args: Row;
}

/** Makes spans of execs and exits. Spans of one process nest: a process holds the programs that it runs one after the other. */
export class Programs {
  /** The program that each process runs, if its exec was seen. */
  readonly #running = new Map<number, Omit<Span, "to">>();

  /**
   * Takes an event at a moment; returns the spans that it ends.
   * @param since the moment of a time in the event
   */
  take(event: Row, at: number, since: (time: unknown) => number): Span[] {
    const { pid, tid, comm } = event;
    if (typeof pid !== "number" || typeof comm !== "string") return [];
    if (isExec(event)) {
      const ended = this.#end(pid, at);
      this.#running.set(pid, { name: comm, pid, from: at, args: { args: event["args"], file: event["filename"] } });
      return ended;
    }
    if (!isExit(event) || tid !== pid) return [];
    const { startTime, exitCode, signal } = event;
    const process: Span = { name: comm, pid, from: since(startTime), to: at, args: { exitCode, signal } };
    return [...this.#end(pid, at), process];
  }

  /** The spans whose end was not seen. */
  end(at: number): Span[] {
    return [...this.#running.keys()].flatMap((pid) => this.#end(pid, at, { end: "not recorded" }));
  }

  #end(pid: number, to: number, more: Row = {}): Span[] {
    const running = this.#running.get(pid);
    this.#running.delete(pid);
    return running ? [{ ...running, to, args: { ...running.args, ...more } }] : [];
  }
}

/** Whether a process has become another program. */
function isExec({ args, filename, ret }: Row): boolean {
  return Array.isArray(args) && typeof filename === "string" && ret === 0;
}

function isExit({ exitCode, startTime }: Row): boolean {
  return exitCode !== undefined && startTime !== undefined;
}
