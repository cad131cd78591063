import type { Btf } from "../btf.js";
import { eventClock } from "../../clock.js";
import { type ObjectSpec, load, type Loaded, type LoadOptions } from "../load.js";
import { losses } from "../losses.js";
import type { Batch, Receiver, Run } from "../../stream/source.js";

/** Options of a run. Made anew for each subscription. */
export interface RunOptions extends LoadOptions {
  /** Notices for the subscriber, sent once the programs are attached. */
  readonly notices?: readonly string[];
  /** Receives a function that sends the subscriber a notice, of one line, once the programs are attached. */
  readonly started?: (notify: (message: string) => void) => void;
  /**
   * The cgroups whose records are left out of a ring, by id, where the kernel could not tell yet whose are wanted. Asked before each
   * batch, so it has to be cheap.
   */
  readonly leftOut?: () => ReadonlySet<number>;
  /** Returns a notice for when no event has come for some seconds. */
  readonly whenIdle?: () => string | undefined;
  /** Frees what the options hold when the run ends. If the run could not start, also undoes what they made. */
  readonly close?: (started: boolean) => void;
}

/** An output of programs: the records of a ring, or the entries of a map. */
export interface Output<E> {
  /** The object's maps that only this output is read from. A run of another output leaves them out. */
  readonly maps: readonly string[];
  /**
   * Finds its structs in an object's types. Returns a function that starts reading once the object is loaded. @throws
   * LayoutError
   */
  bind(btf: Btf): (loaded: Loaded, reader: Reader<E>) => Reading;
}

/** Takes what is read. */
export interface Reader<E> {
  readonly batch: (batch: Batch<E>) => void;
  readonly leftOut?: (() => ReadonlySet<number>) | undefined;
  /** Looks for losses. Called after each look at the programs' memory, so that they are reported soon. */
  readonly looked: () => void;
  readonly error: (error: unknown) => void;
  /** Sends a notice of one line. */
  readonly notify: (message: string) => void;
  /** Ends the stream: everything that was wanted has come. */
  readonly complete: () => void;
}

/** An output that is being read. */
export interface Reading {
  /** Whether anything has come from the programs yet. */
  hasSeen(): boolean;
  /** Reads at once what has come. */
  look?(): void;
  /** Reads what is left once the programs are detached, then calls back, but not after `close`. */
  finish(done: () => void): void;
  /** Stops reading. May be called from within a batch. */
  close(): void;
  hold(): void;
  release(): void;
}

/** A started output. */
export interface OutputRun extends Run {
  /** Delivers at once what is in its ring. */
  look(): void;
}

/** How often to look for losses while nothing comes. */
const LOOK_MS = 1_000;
/** How long a run may see no event before it sends the notice of `whenIdle`. */
const IDLE_MS = 5_000;

/**
 * A source of an output's events. Starting it loads and attaches the programs; closing it leaves nothing in the kernel.
 * @param prepare makes the options of a run; starting the source throws what this throws
 */
export function sourceOf<E>(
  image: ObjectSpec,
  output: Output<E>,
  prepare: () => RunOptions,
): (receiver: Receiver<E>) => OutputRun {
  return (receiver) => {
    const options = keepingClock(prepare, receiver);
    let loaded: Loaded | undefined;
    try {
      let open!: ReturnType<Output<E>["bind"]>;
      loaded = load(image, options, (btf) => (open = output.bind(btf)));
      const started = run(loaded, open, options, receiver);
      announce(loaded, options, receiver);
      return started;
    } catch (error) {
      loaded?.object.close();
      options.close?.(false);
      throw error;
    }
  };
}

/** Adds to the options of a run that the clock of events is frozen until the run ends. */
function keepingClock(prepare: () => RunOptions, receiver: Receiver<never>): RunOptions {
  const letGo = eventClock.keep((message) => receiver.status({ type: "notice", message }));
  try {
    const options = prepare();
    return {
      ...options,
      close(started) {
        letGo();
        options.close?.(started);
      },
    };
  } catch (error) {
    letGo();
    throw error;
  }
}

function run<E>(
  loaded: Loaded,
  open: ReturnType<Output<E>["bind"]>,
  options: RunOptions,
  receiver: Receiver<E>,
): OutputRun {
  const { object } = loaded;
  const reportLosses = losses(loaded, receiver);
  let closed = false;
  const looked = (last?: boolean): void => {
    if (!closed) reportLosses(last);
  };
  /** Samples processors that come online during the run too. */
  const follow = (): void => {
    try {
      const more = object.followProcessors();
      if (more.length > 0) receiver.status({ type: "notice", message: `processor ${more.join(", ")} came online` });
    } catch (error) {
      receiver.error(error);
    }
  };
  const reading = open(loaded, {
    batch(batch) {
      try {
        receiver.batch(batch);
      } catch (error) {
        receiver.error(error);
      }
    },
    looked,
    leftOut: options.leftOut,
    error: (error) => receiver.error(error),
    notify: (message) => receiver.status({ type: "notice", message }),
    complete() {
      looked(true);
      if (!closed) receiver.complete();
    },
  });
  const looking = setInterval(() => {
    looked();
    follow();
  }, LOOK_MS);
  const explaining = setTimeout(() => {
    const message = reading.hasSeen() ? undefined : options.whenIdle?.();
    if (message) receiver.status({ type: "notice", message });
  }, IDLE_MS);
  const stopTimers = (): void => {
    clearInterval(looking);
    clearTimeout(explaining);
  };

  return {
    stop() {
      stopTimers();
      object.detach();
      reading.finish(() => {
        looked(true);
        if (!closed) receiver.complete();
      });
    },
    close() {
      if (closed) return;
      closed = true;
      stopTimers();
      object.detach();
      reading.close();
      object.close();
      options.close?.(true);
    },
    look: () => reading.look?.(),
    hold: () => reading.hold(),
    release: () => reading.release(),
  };
}

/** Reports to the receiver which programs run, and the notices on them. */
function announce({ variant }: Loaded, { notices = [], started }: RunOptions, receiver: Receiver<never>): void {
  receiver.status({ type: "attached", programs: variant.programs });
  if (variant.lacks) receiver.status({ type: "notice", message: `this kernel does not show ${variant.lacks}` });
  const notify = (message: string): void => receiver.status({ type: "notice", message });
  for (const message of notices) notify(message);
  started?.(notify);
}
