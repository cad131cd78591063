import type { VerifierError } from "@rxbpf/core";

import type { Span } from "../ir/types.js";

/** Why the verifier refuses a program, and for which piece of source: its log names the instruction before its reason. */
export function verdict(
  { log, message }: VerifierError,
  spanOf: (instruction: number) => Span | undefined,
): { readonly reason: string; readonly at: Span | undefined } {
  const lines = log.split("\n").filter(Boolean);
  const end = lines.findIndex((line) => line.startsWith("processed "));
  const said = end < 0 ? lines : lines.slice(0, end);
  const instruction = said.findLast((line) => /^\d+: \([0-9a-f]{2}\)/.test(line));
  return {
    reason: said.at(-1) ?? message,
    at: instruction === undefined ? undefined : spanOf(Number.parseInt(instruction, 10)),
  };
}
