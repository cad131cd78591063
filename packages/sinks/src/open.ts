/** A sink that writes, or has something to write. */
export interface OpenSink {
  /** Ends it in good order, as if its source had completed: what has come is written, then the target closed. */
  end(): void;
}

/** The sinks that run now, the oldest first. A process that ends before they have loses what they hold. */
export function openSinks(): readonly OpenSink[] {
  return [...open];
}

const open = new Set<OpenSink>();

/** Adds a sink to those that are open. Returns what takes it out. */
export function opened(sink: OpenSink): () => void {
  open.add(sink);
  return () => void open.delete(sink);
}
