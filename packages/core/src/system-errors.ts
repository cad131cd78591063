import { getSystemErrorMap } from "node:util";

const STATES = new Map(getSystemErrorMap().values());

/** What a person can do about a system error, by its name. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: "check its permissions and those of the directories above it",
  EAGAIN: "end some processes, or allow more: ulimit -u",
  EBUSY: "end the process that uses it",
  EDQUOT: "delete some of your files there, or write elsewhere",
  EEXIST: "give another path",
  EFBIG: "allow larger files: ulimit -f unlimited",
  EIO: "the kernel's log may say more: dmesg",
  EISDIR: "give the path of a file",
  ELOOP: "give the path without its symbolic links",
  EMFILE: "allow this process more open files: ulimit -n 1024",
  ENAMETOOLONG: "give a path of at most 4095 bytes, with names of at most 255",
  ENFILE: "end some processes: the whole machine has run out of open files",
  ENOMEM: "free some memory, or raise this cgroup's limit",
  ENOSPC: "free some space, or write elsewhere",
  ENOTDIR: "a directory in the path is a file; check the path",
  EPERM: "run as root; if you do, kernel lockdown, a security module or the container's settings forbid it",
  EROFS: "give a path on another file system",
};

/** Advice on an error, to append to its message: `; free some space, or write elsewhere`. Empty if there is none. */
export function adviceOn(code: string | undefined): string {
  const advice = ADVICE[code ?? ""];
  return advice === undefined ? "" : `; ${advice}`;
}

/**
 * The second half of a message about a failed system call of Node's: what went wrong and what to do, such as
 * `no space left on device; free some space, or write elsewhere`. For any other error, its message.
 */
export function stateOf(error: unknown): string {
  const { code, message = String(error) } = error as Partial<NodeJS.ErrnoException>;
  const state = STATES.get(code ?? "");
  return state === undefined ? message : state + adviceOn(code);
}

/**
 * The message of an error, for people. If a system call of Node's has failed, it says what was tried, what went wrong
 * and what to do, in place of `EPERM: operation not permitted, open '/x'`.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  const isRaw = syscall !== undefined && (error.message.startsWith(`${code}: `) || error.message.endsWith(` ${code}`));
  if (!isRaw) return error.message;
  const words = [syscall, syscall.includes(path ?? "") ? "" : path, dest].filter(Boolean);
  return `Cannot ${words.join(" ")}: ${stateOf(error)}`;
}
