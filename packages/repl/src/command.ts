import { spawn } from "node:child_process";

import { printable } from "@rxbpf/core";
import { stateOf } from "@rxbpf/core/events";
import { Observable } from "rxjs";

/**
 * Runs a command when it is subscribed to, with this process's input and output: emits when it runs, and completes when it has
 * ended; how it failed is said on stderr. Unsubscribing leaves it running, and does not wait for it.
 * @throws Error where it cannot be run
 */
export function runCommand([file = "", ...args]: readonly string[]): Observable<void> {
  return new Observable((subscriber) => {
    const child = spawn(file, args, { stdio: "inherit" });
    child.once("error", (cause) => subscriber.error(new Error(`Cannot run ${file}: ${stateOf(cause)}`, { cause })));
    child.once("spawn", () => subscriber.next());
    child.once("exit", (status, signal) => {
      const how = signal ? `was ended by ${signal}` : `ended with status ${status}`;
      if (status !== 0 && !subscriber.closed) console.error(`rxbpf: ${printable(file)} ${how}`);
      subscriber.complete();
    });
    return () => child.unref();
  });
}
