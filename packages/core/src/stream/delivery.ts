/** Runs a function that hands events over, and may end it early by throwing. */
export type Guard = (handOver: () => void) => void;

let guard: Guard | undefined;

/** Wraps every delivery of a stream's events in this process. */
export function guardDelivery(around: Guard): void {
  guard = around;
}

/** Hands events over, guarded. `fail` is called if the guard ends the delivery. */
export function deliver(handOver: () => void, fail: (error: unknown) => void): void {
  if (!guard) return handOver();
  try {
    guard(handOver);
  } catch (error) {
    fail(error);
  }
}
