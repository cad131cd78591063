import type { Command } from "commander";

import type { ScriptOptions } from "../script/run.js";

/** `rxbpf run`: runs a user's script. */
export function addRun(program: Command): void {
  program
    .command("run")
    .description("run a TypeScript file that composes probes, filters, operators and sinks")
    .argument("<script>", "a module; in any folder, it can import @rxbpf/core, filters, probes, sinks and rxjs")
    .argument("[args...]", "arguments of the script, in its process.argv")
    .option("--check", "check types first; do not run the script if they are wrong")
    .option("--stack", "show the whole stack of an error")
    .addHelpText("after", HELP)
    .passThroughOptions()
    .action(async (script: string, args: string[], options: ScriptOptions) => {
      const { runScript } = await import("../script/run.js");
      await runScript(script, args, options);
    });
}

const HELP = `
@rxbpf/* and rxjs are always this command's own copies; other packages are resolved from the script's folder.
Ctrl-C ends the script's streams in good order: its sinks and loops handle all events that came. Then the script has two seconds to end by itself.
First line of an executable script: #!/usr/bin/env -S rxbpf run`;
