import { mountMissing } from "./mounts.mjs";

/**
 * Mounts what the kernel tests need and this machine lacks.
 * @returns what unmounts again what it mounted
 * @throws Error without root, which all of them need
 */
export default function mountForKernelTests(): () => void {
  if (process.getuid?.() !== 0)
    throw new Error("The tests against the kernel need root; the others run with: npm run test:unit");
  return mountMissing(["bpf", "cgroup2", "tracefs"], "the kernel tests");
}
