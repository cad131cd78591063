import type { Btf } from "../btf.js";
import { eventClock } from "../../clock.js";
import { type ObjectSpec, load, type Loaded, type LoadOptions } from "../load.js";
import { losses } from "../losses.js";
import type { Batch, Receiver, Source } from "../../stream/source.js";

/** What a run is given besides its program. Made anew for each subscription. */
export interface RunOptions extends LoadOptions {
  /** Said to the subscriber once the programs are attached. */
  readonly notices?: readonly string[];
  /** What to say when no event has come for some seconds. */
  readonly whenIdle?: () => string | undefined;
  /** Frees what the options hold, when the run ends; and if the run could not start, undoes what it made. */
  readonly close?: (started: boolean) => void;
}

/** What programs give: the records of a ring, the entries of a map. */
export interface Output<E> {
  /** The object's maps that it is read from, which a run of another output does without. */
  readonly maps: readonly string[];
  /** Finds its structs in an object's types. Returns what reads it, once the object is loaded. @throws LayoutError */
  bind(btf: Btf): (loaded: Loaded, reader: Reader<E>) => Reading;
}

/** Takes what is read. */
export interface Reader<E> {
  readonly batch: (batch: Batch<E>) => void;
  /** Looks for losses. Called after each look at the programs' memory, so that they are told soon. */
  readonly looked: () => void;
  readonly error: (error: unknown) => void;
  /** Tells a person something, in a line. */
  readonly notify: (message: string) => void;
  /** All that was wanted has come: ends the stream. */
  readonly complete: () => void;
}

/** An output that is being read. */
export interface Reading {
  /** Whether the programs have given anything yet. */
  hasSeen(): boolean;
  /** Reads what is left, now that no program runs any more, then calls back; not after `close`. */
  finish(done: () => void): void;
  /** Stops reading. May be called from within a batch. */
  close(): void;
  hold(): void;
  release(): void;
}

/** How often losses are looked for while nothing comes. */
const LOOK_MS = 1_000;
/** How long a run may see nothing before its options are asked for an explanation. */
const IDLE_MS = 5_000;

/**
 * A source of what programs give. Starting it loads and attaches them; closing it leaves nothing in the kernel.
 * @param prepare makes the options of a run; what it throws is thrown where the source is started
 */
export function sourceOf<E>(image: ObjectSpec, output: Output<E>, prepare: () => RunOptions): Source<E> {
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

/** The options of a run, which also keeps the clock of events as it is until the run ends. */
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
): ReturnType<Source<E>> {
  const { object } = loaded;
  const reportLosses = losses(loaded, receiver);
  let closed = false;
  const looked = (last?: boolean): void => {
    if (!closed) reportLosses(last);
  };
  /** Processors that come online while it runs are sampled too. */
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
    hold: () => reading.hold(),
    release: () => reading.release(),
  };
}

/** Tells the receiver what runs now, and what a person should know of it. */
function announce({ variant }: Loaded, { notices = [] }: RunOptions, receiver: Receiver<never>): void {
  receiver.status({ type: "attached", programs: variant.programs });
  if (variant.lacks) receiver.status({ type: "notice", message: `this kernel does not show ${variant.lacks}` });
  for (const message of notices) receiver.status({ type: "notice", message });
}
