import type { Key } from "node:readline";

import { harmless, Histogram, type Status, Table } from "@rxbpf/core";
import { type Batch, Consumer, feed, originOf } from "@rxbpf/core/events";
import { textFormat } from "@rxbpf/sinks";
import { type Observable, Subscription } from "rxjs";

import { hasColors } from "./colors.js";
import type { End } from "./end.js";
import type { Output } from "./output.js";
import { fitting } from "./fit.js";
import { type Drawable, isDrawable, Picture } from "./picture.js";
import { Sample } from "./sample.js";
import { breakLine, Screen } from "./screen.js";
import { Sparkline } from "./sparkline.js";
import { Tally } from "./tally.js";

const FRAME_MS = 100;
/** This many rows may come at once. Beyond that, while more come than a screenful a second, only a sample is shown. */
const BURST = 200;

/** What a view may use besides its output. */
export interface ViewOptions {
  /** Ends the stream in good order, when a key asks for it. Without it there are no keys. */
  readonly quit?: (() => void) | undefined;
  /** Whether the terminal is free to be drawn on now; if not given, always. */
  readonly isVisible?: (() => boolean) | undefined;
}

/**
 * A stream on a terminal. Rows scroll by, and each frame shows a sample of them; tables and pictures are redrawn in place, as keys
 * ask for. The last lines count, and name the keys.
 */
export class View {
  readonly #stream: Observable<unknown>;
  readonly #screen: Screen;
  readonly #options: ViewOptions;
  readonly #styled: boolean;
  readonly #format;
  readonly #tables: boolean;
  /** Whether each table adds to what is shown, so that none may be left out. */
  readonly #accumulates: boolean;
  readonly #sample: Sample<unknown>;
  #allowed = BURST;
  readonly #tally = new Tally();
  readonly #notices: string[] = [];
  /** The last value since the last frame. */
  #latest: unknown;
  readonly #picture: Picture;
  readonly #numbers = new Sparkline();
  /** How many lines have scrolled since the heading. */
  #sinceHeading = 0;
  #begun = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: Observable<unknown>, output: Output, options: ViewOptions = {}) {
    this.#stream = stream;
    this.#screen = new Screen(output);
    this.#options = options;
    this.#styled = hasColors(output);
    this.#format = textFormat(
      stream,
      fitting(() => this.#screen.columns - 1),
    );
    const info = originOf(stream)?.info;
    this.#tables = info?.tables === true;
    this.#accumulates = info?.tableHeatMap !== undefined;
    const inPlace = info?.tableInPlace === true && info.tableText === undefined;
    this.#picture = new Picture((table) => this.#format.layout(table), { colors: this.#styled, inPlace });
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

  /** Takes a key, while there is a table or a picture. Returns whether it did. */
  press(key: Key): boolean {
    if (!this.#takesKeys || !this.#timer) return false;
    if (key.name === "q") this.#options.quit!();
    else if (this.#picture.press(key)) this.#draw();
    return true;
  }

  /** Draws everything anew, as when something else was drawn over it. */
  redraw(): void {
    this.#screen.forget();
    if (this.#timer) this.#draw();
  }

  get #takesKeys(): boolean {
    return this.#options.quit !== undefined && (this.#tables || !this.#picture.isEmpty);
  }

  /** Makes objects only of those events of a stream that are shown. */
  #batch(batch: Batch<unknown>): void {
    this.#tally.events += batch.length;
    if (this.#tables) {
      const first = this.#accumulates ? 0 : Math.max(0, batch.length - 1);
      for (let i = first; i < batch.length; i++) this.#latest = this.#format.shown(batch.row(i));
    } else
      for (let i = 0; i < batch.length; i++) {
        const place = this.#sample.next();
        if (place >= 0) this.#sample.keep(place, batch.row(i));
      }
  }

  #take(event: unknown): void {
    this.#tally.events++;
    this.#latest = this.#format.shown(event);
    if (Number.isFinite(event)) this.#numbers.add(event as number);
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
    if (this.#options.isVisible?.() === false) {
      // Others draw meanwhile.
      this.#screen.forget();
      return;
    }
    const lines = this.#lines();
    const columns = this.#screen.columns - 1;
    const height = this.#screen.rows - (this.#takesKeys ? 3 : 2);
    const block = this.#picture.isEmpty ? this.#numbers.lines(columns) : this.#picture.lines(columns, height);
    // What the picture tells of itself is known once it is drawn.
    this.#screen.draw(lines, [...block, ...this.#foot()]);
  }

  /** What is new since the last frame. */
  #lines(): string[] {
    const lines = [...(this.#begun ? [] : linesOf(this.#format.head())), ...this.#notices.splice(0)];
    this.#begun = true;
    const refill = (this.#screen.rows * FRAME_MS) / 1000;
    const events = this.#sample.take(Math.floor(Math.min(BURST, this.#allowed + refill)));
    this.#allowed = Math.min(BURST, this.#allowed + refill - events.length);
    const latest = this.#latest;
    this.#latest = undefined;
    if (isDrawable(latest)) {
      // Each replaces the one before.
      this.#tally.shown = this.#tally.events;
      if (!this.#tables) this.#tally.unit = unitOf(latest);
      this.#picture.show(latest);
    } else {
      this.#tally.shown += events.length;
      for (const event of events) lines.push(...this.#rowLines(event));
    }
    return lines;
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

  /** The last lines: the state, and the keys. */
  #foot(): string[] {
    const state = [this.#tally.status(), ...this.#picture.status].join("  ");
    if (!this.#takesKeys) return [this.#dim(`${state}  Ctrl-C ends`)];
    return [this.#dim(state), this.#dim([...this.#picture.keys, "q quit"].join("  "))];
  }

  #dim(line: string): string {
    return this.#styled ? `\x1b[2m${line}\x1b[22m` : line;
  }

  #end(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines();
    const picture = this.#picture.isEmpty ? [] : this.#picture.last(this.#screen.columns - 1, this.#screen.rows - 2);
    this.#screen.end([...lines, ...picture, ...this.#tally.summary()]);
  }
}

function unitOf(drawn: Drawable): Tally["unit"] {
  if (drawn instanceof Table) return "table";
  return drawn instanceof Histogram ? "histogram" : "heat map";
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
