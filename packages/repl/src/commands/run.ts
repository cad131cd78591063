import type { Command } from "commander";

import type { ScriptOptions } from "../script/run.js";

/** `rxbpf run`: a script of one's own. */
export function addRun(program: Command): void {
  program
    .command("run")
    .description("run a TypeScript file that composes probes, filters, operators and sinks")
    .argument("<script>", "a module; it may import @rxbpf/core, filters, probes, sinks, and rxjs, from anywhere")
    .argument("[args...]", "the script's own, in its process.argv")
    .option("--check", "check its types first, and do not run it if they are wrong")
    .option("--stack", "show all of the stack of an error")
    .addHelpText("after", HELP)
    .passThroughOptions()
    .action(async (script: string, args: string[], options: ScriptOptions) => {
      const { runScript } = await import("../script/run.js");
      await runScript(script, args, options);
    });
}

const HELP = `
@rxbpf/* and rxjs are always those of this command; other packages are looked for from where the script lies.
Ctrl-C ends the script's streams in good order, lets its sinks and loops deal with what came, then gives it two seconds to end by itself.
As the first line of an executable script: #!/usr/bin/env -S rxbpf run`;
