import { spawnSync } from "node:child_process";

/**
 * Prints what is being done and does it. A command's output is shown only if it fails. Everything goes to stderr, as
 * stdout belongs to the command that runs afterwards.
 * @throws Error when the command fails
 */
export function step(says, command, options) {
  console.error(says);
  run(command, options);
}

/** The same without printing anything. */
export function run([command, ...args], options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    ...options,
  });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ""}${stderr ?? ""}`);
  const how = error?.message ?? (signal ? `was ended by ${signal}` : `ended with status ${status}`);
  throw new Error(`Cannot set up: ${[command, ...args].join(" ")} ${how}`);
}
