import type { Key } from "node:readline";

import { blame, collectRuns, originOf, runs, type StreamRun } from "@rxbpf/core/events";
import { isObservable, Subscription } from "rxjs";

import { printed } from "../live/printed.js";
import type { Output } from "../live/output.js";
import { show } from "../live/show.js";
import { LAST } from "../session/cells.js";
import { evaluate, prepare } from "../session/evaluate.js";
import { faultText } from "../session/faults.js";
import type { Input } from "../session/input.js";
import { lower } from "../session/lower.js";
import { Places } from "../session/places.js";
import type { Session } from "../session/session.js";
import { type Foreground, Interrupted, Interruptible, wasInterrupted } from "./foreground.js";
import { errorText, uncaughtText } from "./error-text.js";

interface Surroundings {
  /** Where values are shown. */
  readonly output: Output;
  /** Where errors are shown; the same place if not given. */
  readonly complaints?: Pick<Output, "write">;
  /** Whether keys are passed on to `press`. */
  readonly hasKeys?: boolean;
  /** Wraps every run of code that does not pause. */
  readonly around?: <T>(run: () => T) => T;
}

/** Runs inputs one after another, and shows their values. */
export class Evaluator {
  readonly #session: Session;
  readonly #output: Output;
  readonly #complaints: Pick<Output, "write">;
  readonly #hasKeys: boolean;
  readonly #around: <T>(run: () => T) => T;
  readonly #places = new Places();
  #unchecked = false;
  #lastIsTheirs = false;
  #foreground: Foreground | undefined;

  constructor(session: Session, surroundings: Surroundings) {
    const { output, complaints = output, hasKeys = false, around = (run) => run() } = surroundings;
    this.#session = session;
    this.#output = output;
    this.#complaints = complaints;
    this.#hasKeys = hasKeys;
    this.#around = around;
  }

  /**
   * Checks an input, runs it and shows its value: a stream until it ends or is interrupted, a promise when it is fulfilled.
   * @returns whether all went well; errors are shown
   */
  async run(input: Input): Promise<boolean> {
    try {
      const faults = await this.#check(input);
      if (faults.length > 0) {
        this.#complain(faults.join("\n"));
        return false;
      }
      const started: StreamRun[] = [];
      const given = await collectRuns(started, () => this.#value(input));
      const value = isThenable(given) ? await this.#wait(given) : given;
      this.#keep(input, value);
      await this.#show(value, started);
      return true;
    } catch (error) {
      this.#complain(wasInterrupted(error) ? "Interrupted" : this.describe(error));
      return false;
    } finally {
      this.#foreground = undefined;
    }
  }

  /** The message for an error that nothing caught. */
  describe(error: unknown): string {
    return uncaughtText(error, this.#places);
  }

  /** Ends the running input, if there is one. */
  interrupt(): void {
    this.#foreground?.interrupt();
  }

  /** Gives a key to what is shown. Returns whether it took it. */
  press(key: Key): boolean {
    return this.#foreground?.press?.(key) ?? false;
  }

  /** The type errors of an input. If types cannot be checked, says so once and goes on without. */
  async #check(input: Input): Promise<readonly string[]> {
    if (this.#unchecked) return [];
    try {
      const faults = await this.#wait(this.#session.check(input));
      return faults.map((fault) => faultText(fault, input.source));
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      this.#unchecked = true;
      this.#complain(`Types are not checked from now on: ${errorText(error)}`);
      return [];
    }
  }

  async #value({ source }: Input): Promise<unknown> {
    const lowered = lower(source);
    await prepare(lowered, this.#session.folder);
    const name = this.#places.add(source, lowered);
    const value = this.#around(() => evaluate(lowered, name));
    return lowered.isAsync ? this.#wait(value as Promise<unknown>) : value;
  }

  /** Lets later inputs use what this one declared, and its value as `_`, unless an input has declared `_` itself. */
  #keep(input: Input, value: unknown): void {
    const gaveValue = input.value !== undefined && value !== undefined;
    this.#session.take(input, gaveValue);
    this.#lastIsTheirs ||= input.names.some(({ name }) => name === LAST);
    if (gaveValue && !this.#lastIsTheirs) Object.defineProperty(globalThis, LAST, { value, ...WRITABLE });
  }

  async #show(value: unknown, started: readonly StreamRun[]): Promise<void> {
    if (isObservable(value)) {
      const showing = show(value, this.#output, { hasKeys: this.#hasKeys });
      this.#foreground = { interrupt: () => showing.stop(), press: (key) => showing.press(key) };
      await showing.done.catch((error: unknown) => {
        throw blame(error, originOf(value)?.info.name);
      });
    } else if (value instanceof Subscription) this.#print(subscribedText(started));
    else if (value !== undefined) this.#print(printed(value, this.#output));
  }

  #wait<T>(promise: PromiseLike<T>): Promise<T> {
    const waiting = new Interruptible(promise);
    this.#foreground = waiting;
    return waiting.done;
  }

  #print(text: string): void {
    this.#output.write(`${text}\n`);
  }

  #complain(text: string): void {
    this.#complaints.write(`${text}\n`);
  }
}

const WRITABLE = { writable: true, configurable: true };

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** A subscription is shown as what it attached. */
function subscribedText(started: readonly StreamRun[]): string {
  const running = runs().filter((one) => started.includes(one));
  const [first] = running;
  if (!first) return "Subscribed";
  return `Attached ${running.map(({ id }) => id).join(", ")}; .streams shows what runs, .stop ${first.id} ends it`;
}
