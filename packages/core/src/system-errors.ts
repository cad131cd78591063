import { getSystemErrorMap } from "node:util";

const STATES = new Map(getSystemErrorMap().values());

/** What a person can do about an error of the system, by the name of its number. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: "look at the permissions of it and of the directories above it",
  EAGAIN: "end some processes, or allow more: ulimit -u",
  EBUSY: "end what uses it",
  EDQUOT: "free some of what you have there, or write elsewhere",
  EEXIST: "give another path",
  EFBIG: "allow larger files: ulimit -f unlimited",
  EIO: "the kernel's log may say more: dmesg",
  EISDIR: "give the path of a file",
  ELOOP: "give the path without its symbolic links",
  EMFILE: "allow this process more: ulimit -n 1024",
  ENAMETOOLONG: "a path has at most 4095 bytes, and each name in it 255",
  ENFILE: "end some processes: the whole machine has no more",
  ENOMEM: "free some, or allow this cgroup more",
  ENOSPC: "free some, or write elsewhere",
  ENOTDIR: "a part of the path is a file",
  EPERM: "run as root; if it is, the kernel's lockdown, a security module or the settings of the container forbid it",
  EROFS: "give a path on another one",
};

/** What can be done about an error, as an ending of its message: `; free some, or write elsewhere`. Empty where that is not known. */
export function adviceOn(code: string | undefined): string {
  const advice = ADVICE[code ?? ""];
  return advice === undefined ? "" : `; ${advice}`;
}

/**
 * What went wrong, and what to do, as the second half of a message, of an error that Node has thrown for a system call: `no space left on
 * device; free some, or write elsewhere`. Of any other error its message.
 */
export function stateOf(error: unknown): string {
  const { code, message = String(error) } = error as Partial<NodeJS.ErrnoException>;
  const state = STATES.get(code ?? "");
  return state === undefined ? message : state + adviceOn(code);
}

/**
 * What a person is told of an error: its message; of one that Node has thrown for a system call, what was tried, what went wrong and what
 * to do, in place of `EPERM: operation not permitted, open '/x'`.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  const isRaw = syscall !== undefined && (error.message.startsWith(`${code}: `) || error.message.endsWith(` ${code}`));
  if (!isRaw) return error.message;
  const words = [syscall, syscall.includes(path ?? "") ? "" : path, dest].filter(Boolean);
  return `Cannot ${words.join(" ")}: ${stateOf(error)}`;
}
