import { capabilityAdvice, missingCapabilities } from "@rxbpf/core/bpf";

/** What a prompt says to who cannot trace; undefined for who can. */
export function privilegeText(): string | undefined {
  const missing = missingCapabilities();
  if (missing.length === 0) return undefined;
  return `Nothing can be traced without ${missing.join(" and ")}: ${capabilityAdvice()}. Recordings can be replayed`;
}
