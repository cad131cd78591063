import type { Writable } from "node:stream";

import { toText } from "@rxbpf/sinks";
import type { Observable } from "rxjs";

import type { End } from "./end.js";
import type { Output } from "./output.js";

/** Writes every event of a stream as a line. Returns a function that ends it at once. */
export function printLines(stream: Observable<unknown>, output: Output, end: End): () => void {
  const subscription = stream.pipe(toText(output as Output & Writable)).subscribe({
    complete: () => end.complete(),
    error: (error) => end.error(error),
  });
  return () => subscription.unsubscribe();
}
