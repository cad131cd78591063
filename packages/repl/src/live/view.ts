import { harmless, Histogram, type Status, Table } from "@rxbpf/core";
import { type Batch, Consumer, feed, originOf } from "@rxbpf/core/events";
import { textFormat } from "@rxbpf/sinks";
import { type Observable, Subscription } from "rxjs";

import type { End } from "./end.js";
import type { Output } from "./output.js";
import { fitting } from "./fit.js";
import { Sample } from "./sample.js";
import { breakLine, Screen } from "./screen.js";
import { amount, Tally } from "./tally.js";

const FRAME_MS = 100;
/** This many rows may come at once. Beyond that, while more come than a screenful a second, only a sample is shown. */
const BURST = 200;

/**
 * A stream on a terminal. Rows scroll by, and each frame shows a sample of them; tables and pictures are redrawn in place. The
 * last line counts.
 */
export class View {
  readonly #stream: Observable<unknown>;
  readonly #screen: Screen;
  readonly #format;
  readonly #tables: boolean;
  readonly #sample: Sample<unknown>;
  #allowed = BURST;
  readonly #tally = new Tally();
  readonly #notices: string[] = [];
  /** The last value since the last frame. */
  #latest: unknown;
  /** The last table or histogram that was drawn, its lines, and the terminal's width then. */
  #pictured: unknown;
  #picture: readonly string[] = [];
  #pictureColumns = 0;
  /** How many lines have scrolled since the heading. */
  #sinceHeading = 0;
  #begun = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: Observable<unknown>, output: Output) {
    this.#stream = stream;
    this.#screen = new Screen(output);
    this.#format = textFormat(
      stream,
      fitting(() => this.#screen.columns - 1),
    );
    this.#tables = originOf(stream)?.info.tables === true;
    if (this.#tables) this.#tally.unit = "table";
    this.#sample = new Sample(this.#allowed);
  }

  /** Subscribes. Returns a function that ends it at once. */
  run(end: End): () => void {
    const subscription = new Subscription();
    const consumer = new Consumer({
      end: () => finish(() => end.complete()),
      status: (status) => this.#hear(status),
    });
    const finish = (tell: () => void): void => {
      consumer.done();
      subscription.unsubscribe();
      this.#end();
      tell();
    };
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    subscription.add(
      feed(consumer, this.#stream, {
        batch: (batch) => this.#batch(batch),
        next: (event) => this.#take(event),
        complete: () => finish(() => end.complete()),
        error: (error) => finish(() => end.error(error)),
      }),
    );
    // The heading shows that the stream is attached.
    if (this.#timer) this.#draw();
    return () => finish(() => {});
  }

  /** Makes objects only of those events of a stream that are shown. */
  #batch(batch: Batch<unknown>): void {
    this.#tally.events += batch.length;
    if (this.#tables && batch.length > 0) this.#latest = batch.row(batch.length - 1);
    else
      for (let i = 0; i < batch.length; i++) {
        const place = this.#sample.next();
        if (place >= 0) this.#sample.keep(place, batch.row(i));
      }
  }

  #take(event: unknown): void {
    this.#tally.events++;
    this.#latest = event;
    const place = this.#sample.next();
    if (place >= 0) this.#sample.keep(place, event);
  }

  #hear(status: Status): void {
    if (status.type === "lost") this.#tally.lose(status);
    if (status.type === "notice") {
      this.#notices.push(...breakLine(`rxbpf: ${harmless(status.message)}`, this.#screen.columns - 1));
    }
  }

  #draw(): void {
    const lines = this.#lines();
    if (this.#pictured !== undefined && this.#pictureColumns !== this.#screen.columns) this.#makePicture();
    const room = this.#screen.rows - 2;
    const hidden = this.#picture.length - room + 1;
    const picture =
      hidden > 1 ? [...this.#picture.slice(0, room - 1), `... ${amount(hidden)} lines more`] : this.#picture;
    this.#screen.draw(lines, [...picture, this.#status()]);
  }

  /** What is new since the last frame. */
  #lines(): string[] {
    const lines = [...(this.#begun ? [] : linesOf(this.#format.head?.() ?? "")), ...this.#notices.splice(0)];
    this.#begun = true;
    const refill = (this.#screen.rows * FRAME_MS) / 1000;
    const events = this.#sample.take(Math.floor(Math.min(BURST, this.#allowed + refill)));
    this.#allowed = Math.min(BURST, this.#allowed + refill - events.length);
    const latest = this.#latest;
    this.#latest = undefined;
    if (isPicture(latest)) {
      // Each replaces the one before.
      this.#tally.shown = this.#tally.events;
      this.#pictured = latest;
      this.#makePicture();
    } else {
      this.#tally.shown += events.length;
      for (const event of events) lines.push(...this.#rowLines(event));
    }
    return lines;
  }

  #makePicture(): void {
    const event = this.#pictured;
    this.#pictureColumns = this.#screen.columns;
    this.#tally.unit = event instanceof Histogram ? "histogram" : "table";
    const text = event instanceof Histogram ? event.picture(this.#screen.columns - 1) : this.#format.row(event);
    this.#picture = linesOf(text.replace(/^\n/, ""));
  }

  /** An event's line, below a new heading if the last one has scrolled away. */
  #rowLines(event: unknown): string[] {
    const own = linesOf(this.#format.row(event));
    this.#sinceHeading += own.length;
    if (own.length > 1) this.#sinceHeading = 1;
    if (this.#sinceHeading <= this.#screen.rows - 3) return own;
    this.#sinceHeading = 1;
    return [...linesOf(this.#format.heading()), ...own];
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

/** Whether an event is a table or a histogram. */
function isPicture(event: unknown): boolean {
  return event instanceof Table || event instanceof Histogram;
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
