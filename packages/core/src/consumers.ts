/** What takes events and may not have dealt with all of them, such as a sink or a loop. */
export interface Consumer {
  /** Ends it in good order, as if its source had completed: it deals with what has come, then completes. */
  end(): void;
}

/** Those that there are now, the oldest first. A process that ends before they have loses what they hold. */
export function consumers(): readonly Consumer[] {
  return [...all];
}

const all = new Set<Consumer>();

/** Adds a consumer to those that there are. Returns what takes it out, once it has dealt with everything. */
export function consume(consumer: Consumer): () => void {
  all.add(consumer);
  return () => void all.delete(consumer);
}
