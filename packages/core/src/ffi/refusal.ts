import { libbpf } from "./libbpf.js";
import { withLog } from "./log.js";

const ENOENT = 2;

/**
 * Errors of the verifier. The log alone does not tell: it is also there if the verifier accepted and the kernel failed
 * later, as with EMFILE.
 */
const VERDICTS: ReadonlySet<string> = new Set([
  "EACCES",
  "EINVAL",
  "E2BIG",
  "EFAULT",
  "ENOENT",
  "EOPNOTSUPP",
  "ENOTSUPP",
]);

/** Whether the verifier has refused a program, by the error of loading it and libbpf's log. */
export function isRefusal(code: string, log: string): boolean {
  return VERDICTS.has(code) && log.includes("BEGIN PROG LOAD LOG");
}

/** Errors of attaching to a hook that does not exist. */
const HOOKLESS: ReadonlySet<string> = new Set(["ENOENT", "ESRCH", "EOPNOTSUPP", "ENOTSUPP"]);
/** Sections that name a hook of the kernel, not of a user program. */
const OF_KERNEL = /^(tp_btf|raw_tp|raw_tracepoint|tp|tracepoint|kprobe|kretprobe|fentry|fexit|fmod_ret|lsm|iter)\//;

/**
 * Tracepoints through perf, which need tracefs. Without the right to read it, the error is the same as if it were not
 * mounted.
 */
const OF_PERF = /^(tp|tracepoint)\//;

/** Whether attaching a program failed because the kernel lacks its hook. */
export function isHookless(code: string, program: bigint): boolean {
  const section = sectionOf(program);
  return (HOOKLESS.has(code) && OF_KERNEL.test(section)) || (code === "EACCES" && OF_PERF.test(section));
}

/** Hooks that the kernel describes in its types. */
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
