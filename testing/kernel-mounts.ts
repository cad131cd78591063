import { mountMissing } from "./mounts.mjs";

/**
 * Mounts file systems that the kernel tests need and this machine lacks.
 * @returns a function that unmounts them again
 * @throws Error without root, which all kernel tests need
 */
export default function mountForKernelTests(): () => void {
  if (process.getuid?.() !== 0)
    throw new Error("The tests against the kernel need root; the others run with: npm run test:unit");
  return mountMissing(["bpf", "cgroup2", "tracefs"], "the kernel tests");
}
