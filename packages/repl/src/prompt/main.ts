// What `rxbpf` without a command runs. Separate from `../main.ts`, which loads all commands.
import { conclude } from "../process/conclude.js";
import { startPrompt } from "./prompt.js";

const run = process.stdin.isTTY ? startPrompt : (await import("./piped.js")).runPiped;
await conclude(run, async (error) => (await import("../process/exit.js")).fail(error));
