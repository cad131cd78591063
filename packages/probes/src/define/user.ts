import { readFileSync } from "node:fs";

import { type Option, show, UsageError } from "./options.js";

/** A user by number or by name; its value is the number. */
export function user(help: string, names: { short?: string; long?: string; value: string }): Option<number> {
  return {
    kind: "user",
    help,
    ...names,
    parse: (given, name) => {
      if (typeof given === "number" && Number.isInteger(given) && given >= 0 && given < 2 ** 32) return given;
      const text = String(given);
      if (/^\d+$/.test(text) && Number(text) < 2 ** 32) return Number(text);
      const entry = readFileSync("/etc/passwd", "utf8")
        .split("\n")
        .find((line) => line.startsWith(`${text}:`));
      if (!entry) throw new UsageError(`${name} takes a user id or the name of a user, not ${show(given)}`);
      return Number(entry.split(":")[2]);
    },
  };
}
