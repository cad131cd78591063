import type { Key } from "node:readline";
import type { REPLServer } from "node:repl";

type Press = [text: string | undefined, key: Key];

/** What readline calls for every key, and what a prompt can put something before. */
interface Typing {
  _ttyWrite(...press: Press): void;
}

/**
 * What is typed. While an input runs its keys wait for the next prompt, but for Ctrl-C. Of a paste that the terminal
 * put in brackets, `pasting` tells, and its tabs are no completions.
 */
export class Keys {
  pasting = false;
  #held = false;
  readonly #waiting: Press[] = [];
  readonly #press: (...press: Press) => void;

  /** @param interrupt what Ctrl-C does while keys are held */
  constructor(server: REPLServer, interrupt: () => void) {
    const typing = server as unknown as Typing;
    this.#press = typing._ttyWrite.bind(server);
    typing._ttyWrite = (text, key) => {
      if (!this.#held) this.#take(text, key);
      else if (key?.ctrl && key.name === "c") {
        this.#waiting.length = 0;
        interrupt();
      } else this.#waiting.push([text, key]);
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
    while (!this.#held && this.#waiting.length > 0) this.#take(...this.#waiting.shift()!);
  }

  #take(text: string | undefined, key: Key): void {
    if (key?.name === "paste-start" || key?.name === "paste-end") this.pasting = key.name === "paste-start";
    else if (this.pasting && key?.name === "tab") this.#press("  ", {});
    else this.#press(text, key);
  }
}
