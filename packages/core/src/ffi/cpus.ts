import { check } from "./errno.js";
import { libbpf } from "./libbpf.js";

/** How many CPUs this machine may ever have: the length of what is kept per CPU. */
export function possibleCpus(): number {
  return check("libbpf_num_possible_cpus", libbpf().libbpf_num_possible_cpus());
}
