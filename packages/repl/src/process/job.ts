import { readFileSync } from "node:fs";

/**
 * Whether this process is in the foreground of its terminal, so that it may read keys, or in the background, where reading or
 * changing the terminal would stop it. Undefined if it has no terminal of its own.
 */
export function jobState(): "foreground" | "background" | undefined {
  // proc_pid_stat(5): after the name, which may hold any character: state ppid pgrp session tty_nr tpgid
  const [, , group, , , foreground] = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)!.split(" ");
  if (foreground === "-1") return undefined;
  return group === foreground ? "foreground" : "background";
}
