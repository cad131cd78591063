import { readFileSync } from "node:fs";

import { check } from "./errno.js";
import { libbpf } from "./libbpf.js";

/** How many CPUs this machine can ever have: the length of per-CPU values. */
export function possibleCpus(): number {
  return check("libbpf_num_possible_cpus", libbpf().libbpf_num_possible_cpus());
}

/** The numbers of the processors that are online. */
export function onlineCpus(): number[] {
  const text = readFileSync("/sys/devices/system/cpu/online", "utf8").trim();
  return text.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
