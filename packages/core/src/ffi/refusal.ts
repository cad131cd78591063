import { libbpf } from "./libbpf.js";
import { withLog } from "./log.js";

const ENOENT = 2;

/** What the verifier ends with. Its log is there too where it was content, and the kernel failed after it, as with EMFILE. */
const VERDICTS: ReadonlySet<string> = new Set([
  "EACCES",
  "EINVAL",
  "E2BIG",
  "EFAULT",
  "ENOENT",
  "EOPNOTSUPP",
  "ENOTSUPP",
]);

/** Whether the verifier has refused a program, by the error of loading it and what libbpf said. */
export function isRefusal(code: string, log: string): boolean {
  return VERDICTS.has(code) && log.includes("BEGIN PROG LOAD LOG");
}

/** What attaching to a hook that there is not fails with. */
const HOOKLESS: ReadonlySet<string> = new Set(["ENOENT", "ESRCH", "EOPNOTSUPP", "ENOTSUPP"]);
/** Hooks that are the kernel's own, of all that a section may name; a program's are elsewhere. */
const OF_KERNEL = /^(tp_btf|raw_tp|raw_tracepoint|tp|tracepoint|kprobe|kretprobe|fentry|fexit|fmod_ret|lsm|iter)\//;

/** Perf's way to a tracepoint, which is for who may read tracefs: others are as where it is not mounted. */
const OF_PERF = /^(tp|tracepoint)\//;

/** Whether attaching a program failed because the kernel lacks its hook. */
export function isHookless(code: string, program: bigint): boolean {
  const section = sectionOf(program);
  return (HOOKLESS.has(code) && OF_KERNEL.test(section)) || (code === "EACCES" && OF_PERF.test(section));
}

/** Those hooks that the kernel describes in its types. */
const TYPED = /^(?:tp_btf|fentry|fexit|fmod_ret|lsm|iter)\/(.+)$/;

/** Whether the kernel has a program's hook, as far as its types say. */
export function hasHook(program: bigint): boolean {
  const [, name] = TYPED.exec(sectionOf(program)) ?? [];
  if (name === undefined) return true;
  const { libbpf_find_vmlinux_btf_id, bpf_program__expected_attach_type } = libbpf();
  const type = bpf_program__expected_attach_type(program);
  return withLog(() => libbpf_find_vmlinux_btf_id(name, type)).result !== -ENOENT;
}

export function sectionOf(program: bigint): string {
  return libbpf().bpf_program__section_name(program);
}
