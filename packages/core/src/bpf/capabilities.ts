import { readFileSync } from "node:fs";

import { NotSupportedError } from "../errors.js";
import { inFirstNamespace } from "../namespaces.js";

/** Bits of CapEff in /proc/self/status; include/uapi/linux/capability.h. */
const BITS = { CAP_SYS_ADMIN: 21n, CAP_PERFMON: 38n, CAP_BPF: 39n } as const;

type Capability = Exclude<keyof typeof BITS, "CAP_SYS_ADMIN">;
const FOR_TRACING: readonly Capability[] = ["CAP_BPF", "CAP_PERFMON"];

/**
 * Which of these capabilities this process lacks; by default, of those that tracing needs. CAP_SYS_ADMIN implies all.
 * Capabilities in a user namespace do not extend to BPF, so root in one lacks them here.
 */
export function missingCapabilities(needed: readonly Capability[] = FOR_TRACING): Capability[] {
  if (!inFirstNamespace("user")) return [...needed];
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const has = (bit: bigint): boolean => ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n;
  if (has(BITS.CAP_SYS_ADMIN)) return [];
  return needed.filter((name) => !has(BITS[name]));
}

/** Advice for a process that lacks capabilities. */
export function capabilityAdvice(needed: readonly Capability[] = FOR_TRACING): string {
  return inFirstNamespace("user")
    ? `run as root, or grant ${needed.join(" and ")}`
    : "capabilities in a user namespace, as in a rootless container, do not count; run as root outside of it";
}

/** Requires capabilities for an action. @throws NotSupportedError that names those that this process lacks */
export function requireCapabilities(action: string, needed: readonly Capability[] = FOR_TRACING): void {
  const missing = missingCapabilities(needed);
  if (missing.length === 0) return;
  throw new NotSupportedError(
    `Cannot ${action}: ${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing; ${capabilityAdvice(needed)}`,
    missing.join(" and "),
  );
}
