import type { Command } from "commander";

import { catalogue } from "../catalogue.js";

/** `rxbpf list`: the probes, a line each. */
export function addList(program: Command): void {
  program
    .command("list")
    .description("list the probes")
    .action(() => {
      const width = Math.max(...[...catalogue.keys()].map((name) => name.length));
      for (const [name, { definition }] of catalogue) console.log(`${name.padEnd(width)}  ${definition.summary}`);
    });
}
