import type { Key } from "node:readline";
import type { REPLServer } from "node:repl";

type Press = readonly [text: string | undefined, key: Key | undefined];

/** The method that readline calls for every key, which a prompt can replace. */
interface Typing {
  _ttyWrite(...press: Press): void;
}

/** Return waits this long for text that follows it, as in a paste. */
const QUIET_MS = 20;

/**
 * The keys that are typed. While an input runs, keys wait for the next prompt, except Ctrl-C, and those that a table takes. `pasting` tells of a paste that the
 * terminal put in brackets; of one without brackets, `following` is the text after the line that was just ended. A tab in a
 * paste does not complete.
 */
export class Keys {
  pasting = false;
  #held = false;
  #waiting: Press[] = [];
  /** The index of the first key that still waits. */
  #next = 0;
  #last = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #press: (...press: Press) => void;

  /** Whether a paste in brackets is arriving. */
  #arriving = false;

  /**
   * @param interrupt what Ctrl-C does while keys are held
   * @param take gets the other keys that are pressed then, except in a paste. Returns whether it took one
   */
  constructor(server: REPLServer, interrupt: () => void, take: (key: Key) => boolean = () => false) {
    const typing = server as unknown as Typing;
    this.#press = typing._ttyWrite.bind(server);
    typing._ttyWrite = (...press) => {
      const [, key] = press;
      if (key?.ctrl && key.name === "c") {
        this.#forget();
        if (this.#held) interrupt();
        else this.#take(press);
        return;
      }
      if (key?.name === "paste-start" || key?.name === "paste-end") this.#arriving = key.name === "paste-start";
      else if (this.#held && !this.#arriving && key && take(key)) return;
      this.#waiting.push(press);
      this.#last = performance.now();
      this.#work();
    };
  }

  get held(): boolean {
    return this.#held;
  }

  hold(): void {
    this.#held = true;
  }

  /** Lets keys through, beginning with those that waited. */
  release(): void {
    this.#held = false;
    this.#work();
  }

  /** What has already been typed of the next line; undefined for nothing. */
  get following(): string | undefined {
    if (this.#next === this.#waiting.length) return undefined;
    let line = "";
    for (let i = this.#next; i < this.#waiting.length; i++) {
      const [text, key] = this.#waiting[i]!;
      if (isReturn(key)) break;
      line += text ?? "";
    }
    return line;
  }

  #work(): void {
    while (!this.#held && this.#next < this.#waiting.length) {
      const press = this.#waiting[this.#next]!;
      if (isReturn(press[1]) && !this.pasting && !this.#isKnownWhatFollows()) return;
      this.#next++;
      this.#take(press);
    }
    if (this.#next === this.#waiting.length) this.#forget();
  }

  #isKnownWhatFollows(): boolean {
    for (let i = this.#next + 1; i < this.#waiting.length; i++) if (isReturn(this.#waiting[i]![1])) return true;
    const rest = this.#last + QUIET_MS - performance.now();
    if (rest <= 0) return true;
    if (this.#timer !== undefined) return false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#work();
    }, Math.ceil(rest));
    return false;
  }

  #take([text, key]: Press): void {
    if (key?.name === "paste-start" || key?.name === "paste-end") this.pasting = key.name === "paste-start";
    else if (key?.name === "tab" && (this.pasting || this.#next < this.#waiting.length)) this.#press("  ", {});
    else this.#press(text, key);
  }

  #forget(): void {
    this.#waiting = [];
    this.#next = 0;
  }
}

function isReturn(key: Key | undefined): boolean {
  return key?.name === "return" || key?.name === "enter";
}
