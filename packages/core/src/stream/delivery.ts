/** Runs what hands events over, and may end it before it returns, by throwing. */
export type Guard = (handOver: () => void) => void;

let guard: Guard | undefined;

/** Puts something around every delivery of a stream's events in this process. */
export function guardDelivery(around: Guard): void {
  guard = around;
}

/** Hands events over, guarded. `fail` is called where the guard ended that. */
export function deliver(handOver: () => void, fail: (error: unknown) => void): void {
  if (!guard) return handOver();
  try {
    guard(handOver);
  } catch (error) {
    fail(error);
  }
}
