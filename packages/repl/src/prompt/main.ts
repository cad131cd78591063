// What `rxbpf` alone runs. Apart from `../main.ts`, which loads all commands.
import { startPrompt } from "./prompt.js";

try {
  if (process.stdin.isTTY) await startPrompt();
  else await (await import("./piped.js")).runPiped();
} catch (error) {
  const { fail } = await import("../exit.js");
  process.exitCode = fail(error);
}
