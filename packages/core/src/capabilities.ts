import { readFileSync } from "node:fs";

import { NotSupportedError } from "./errors.js";

/** Bits of CapEff in /proc/self/status; include/uapi/linux/capability.h. */
const BITS = { CAP_SYS_ADMIN: 21n, CAP_PERFMON: 38n, CAP_BPF: 39n } as const;

/** Capabilities that tracing needs and this process lacks. CAP_SYS_ADMIN stands for the others. */
export function missingCapabilities(): string[] {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const has = (bit: bigint): boolean => ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n;
  if (has(BITS.CAP_SYS_ADMIN)) return [];
  return (["CAP_BPF", "CAP_PERFMON"] as const).filter((name) => !has(BITS[name]));
}

/** @throws NotSupportedError that names the capabilities that `action` needs and this process lacks. */
export function requireCapabilities(action: string): void {
  const missing = missingCapabilities();
  if (missing.length === 0) return;
  throw new NotSupportedError(
    `Cannot ${action}: ${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing; run as root, or grant CAP_BPF and CAP_PERFMON`,
    missing.join(" and "),
  );
}
