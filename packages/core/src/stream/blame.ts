const streams = new WeakMap<object, string>();

/** Notes which stream an error came from. Returns the error. */
export function blame(error: unknown, stream: string | undefined): unknown {
  if (typeof error === "object" && error !== null && stream !== undefined) streams.set(error, stream);
  return error;
}

/** The name of the stream that an error came from, if known. */
export function blamed(error: unknown): string | undefined {
  return typeof error === "object" && error !== null ? streams.get(error) : undefined;
}
