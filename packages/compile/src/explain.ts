import { generate } from "./back/generate.js";
import { obstacleText } from "./front/excerpt.js";
import { printTest } from "./ir/print.js";
import type { Predicate } from "./predicate.js";

/** A predicate for people: what the kernel tests, how many instructions that takes, and what is left to JavaScript. */
export function explain({ test, obstacles }: Predicate): string {
  const isNothing = test.kind === "known" && test.value;
  const kernel = isNothing
    ? "in the kernel: nothing"
    : `in the kernel, ${generate(test).length} instructions:\n${printTest(test, "  ")}`;
  return [kernel, ...obstacles.map((one) => `in JavaScript:\n${indented(obstacleText(one))}`)].join("\n");
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
