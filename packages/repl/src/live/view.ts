import { EventStream, Histogram, originOf, printable, type Status } from "@rxbpf/core";
import { textFormat } from "@rxbpf/sinks";
import { type Observable, Subscription } from "rxjs";

import type { End } from "./end.js";
import type { Output } from "./output.js";
import { Sample } from "./sample.js";
import { Screen } from "./screen.js";
import { Tally } from "./tally.js";

const FRAME_MS = 100;
/** So many rows may come at once. After that, as long as more come than a screenful a second, some of them are shown. */
const BURST = 200;

/**
 * A stream on a terminal. Rows scroll by, of which each frame shows some; tables and pictures are drawn in their place. The last
 * line counts.
 */
export class View {
  readonly #stream: Observable<unknown>;
  readonly #screen: Screen;
  readonly #format;
  readonly #sample: Sample<unknown>;
  readonly #rows: number;
  #allowed = BURST;
  readonly #tally = new Tally();
  readonly #notices: string[] = [];
  /** The table or picture that was drawn last. */
  #picture: readonly string[] = [];
  #begun = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: Observable<unknown>, output: Output) {
    this.#stream = stream;
    this.#screen = new Screen(output);
    this.#format = textFormat(stream);
    this.#rows = output.rows ?? 24;
    this.#sample = new Sample(this.#allowed);
  }

  /** Subscribes. Returns what ends that at once. */
  run(end: End): () => void {
    const subscription = new Subscription();
    const finish = (tell: () => void): void => {
      subscription.unsubscribe();
      this.#end();
      tell();
    };
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    subscription.add(originOf(this.#stream)?.status.subscribe((status) => this.#hear(status)));
    subscription.add(
      this.#connect({
        complete: () => finish(() => end.complete()),
        error: (error) => finish(() => end.error(error)),
      }),
    );
    // The heading says that it is attached.
    if (this.#timer) this.#draw();
    return () => finish(() => {});
  }

  /** Of a stream's own events only those that are shown are made into objects. */
  #connect(end: End): Subscription {
    if (!(this.#stream instanceof EventStream))
      return this.#stream.subscribe({ ...end, next: (one) => this.#take(one) });
    const subscription = new Subscription();
    try {
      const connection = this.#stream.connect({
        ...end,
        status: () => {},
        batch: (batch) => {
          this.#tally.events += batch.length;
          for (let i = 0; i < batch.length; i++) this.#sample.offer(() => batch.row(i));
        },
      });
      subscription.add(() => connection.close());
    } catch (error) {
      end.error(error);
    }
    return subscription;
  }

  #take(event: unknown): void {
    this.#tally.events++;
    this.#sample.offer(() => event);
  }

  #hear(status: Status): void {
    if (status.type === "lost") this.#tally.lose(status);
    if (status.type === "notice") this.#notices.push(...this.#screen.wrapped(`rxbpf: ${printable(status.message)}`));
  }

  #draw(): void {
    this.#screen.draw(this.#lines(), [...this.#picture, this.#status()]);
  }

  /** What is new since the last frame. */
  #lines(): string[] {
    const lines = [...(this.#begun ? [] : linesOf(this.#format.head?.() ?? "")), ...this.#notices.splice(0)];
    this.#begun = true;
    const refill = (this.#rows * FRAME_MS) / 1000;
    const events = this.#sample.take(Math.floor(Math.min(BURST, this.#allowed + refill)));
    this.#allowed = Math.min(BURST, this.#allowed + refill - events.length);
    const last = events.at(-1);
    if (Array.isArray(last) || last instanceof Histogram) {
      // Each takes the place of the one before.
      this.#tally.shown = this.#tally.events;
      this.#picture = linesOf(this.#format.row(last).replace(/^\n/, ""));
    } else {
      this.#tally.shown += events.length;
      for (const event of events) lines.push(...linesOf(this.#format.row(event)));
    }
    return lines;
  }

  #status(): string {
    return `\x1b[2m${this.#tally.status()}  Ctrl-C ends\x1b[22m`;
  }

  #end(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines();
    this.#screen.end([...lines, ...this.#picture, ...this.#tally.summary()]);
  }
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
