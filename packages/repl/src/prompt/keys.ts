import type { Key } from "node:readline";
import type { REPLServer } from "node:repl";

type Press = readonly [text: string | undefined, key: Key | undefined];

/** What readline calls for every key, and what a prompt can put something before. */
interface Typing {
  _ttyWrite(...press: Press): void;
}

/** Return is taken when it is known what follows it, as in a paste, or when so long nothing has. */
const QUIET_MS = 20;

/**
 * What is typed. While an input runs its keys wait for the next prompt, but for Ctrl-C. Of a paste that the terminal
 * put in brackets, `pasting` tells; of one without, `following` is what comes after the line that was just ended. The
 * tabs of a paste are no completions.
 */
export class Keys {
  pasting = false;
  #held = false;
  #waiting: Press[] = [];
  /** The first of those that still waits. */
  #next = 0;
  #last = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #press: (...press: Press) => void;

  /** @param interrupt what Ctrl-C does while keys are held */
  constructor(server: REPLServer, interrupt: () => void) {
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

  /** Lets keys through; those that waited come first. */
  release(): void {
    this.#held = false;
    this.#work();
  }

  /** What has been typed already of the line after the one that is being taken; undefined for nothing. */
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
