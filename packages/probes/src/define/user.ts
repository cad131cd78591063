import { readFileSync } from "node:fs";

import { type Option, show, UsageError } from "./options.js";

/**
 * A user by number, or by name in /etc/passwd; the value is the number. Events have the numbers of the machine's first
 * user namespace, where every tracer runs too, because only there is tracing allowed. Where a container maps users to others,
 * or has an /etc/passwd of its own, a name inside it can belong to another user of the machine.
 */
export function user(help: string, names: { short?: string; long?: string; value: string }): Option<number> {
  return {
    kind: "user",
    help,
    ...names,
    parse: (given, name) => {
      if (typeof given === "number" && Number.isInteger(given) && given >= 0 && given < 2 ** 32) return given;
      const text = String(given);
      if (/^\d+$/.test(text) && Number(text) < 2 ** 32) return Number(text);
      const entry = users().find(([known]) => known === text);
      if (!entry) throw new UsageError(`${name} takes a user id or the name of a user, not ${show(given)}`);
      return Number(entry[2]);
    },
    choices: () => users().map(([known]) => known),
  };
}

function users(): [name: string, ...string[]][] {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => line.split(":") as [string, ...string[]]);
}
