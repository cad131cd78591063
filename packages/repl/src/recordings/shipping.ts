import { harmless, printable } from "@rxbpf/core";
import { UsageError } from "@rxbpf/probes/define";
import { fail } from "../process/exit.js";
import { type Shipped, type Shipping, parseTarget, shipRecordings } from "@rxbpf/ship";

/** Flags of sending. */
export interface ShipFlags {
  readonly deleteSent?: boolean | undefined;
  readonly host?: string | undefined;
  readonly credentials?: string | undefined;
}

/** @throws UsageError for a URL that nothing can be sent to */
export function checkUrl(url: string): void {
  asUsage(() => parseTarget(url));
}

/** Runs work that refuses a URL. @throws UsageError if it does */
export function asUsage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

/** Begins to send a directory, and writes what a person should know to stderr. @throws UsageError for a wrong URL */
export function shippingTo(directory: string, urls: readonly string[], flags: ShipFlags): Shipping {
  const tell = (message: string): void => console.error(`rxbpf: ${harmless(message)}`);
  return asUsage(() => shipRecordings(directory, urls, { ...flags, tell }));
}

/** A sending that goes on beside a recording. */
export interface SideShipping {
  /** Resolves when it has ended. If it failed, that was said, and the process will end with a failure. */
  readonly done: Promise<void>;
  drain(): void;
}

/** Begins to send a directory that is recorded to: if that fails, the recording goes on. */
export function shippingBeside(directory: string, urls: readonly string[], flags: ShipFlags): SideShipping {
  const shipping = shippingTo(directory, urls, flags);
  const done = ship(shipping).catch((error: unknown) => {
    process.exitCode = fail(error);
    console.error(`rxbpf: what was not sent stays in ${printable(directory)}; send it with: rxbpf ship`);
  });
  return { done, drain: () => shipping.drain() };
}

/** Waits until all was sent, and says what. */
export async function ship(shipping: Shipping): Promise<void> {
  for (const one of await shipping.done) console.error(`rxbpf: ${harmless(shippedText(one))}`);
}

function shippedText({ target, batches, events, lost }: Shipped): string {
  const count = (value: number): string => value.toLocaleString("en");
  return `sent ${count(events)} events in ${count(batches)} batches to ${target}${lost > 0 ? `, ${count(lost)} lost` : ""}`;
}
