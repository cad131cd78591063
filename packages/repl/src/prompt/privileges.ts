import { capabilityAdvice, missingCapabilities } from "@rxbpf/core/bpf";

/** What the prompt says to a user who cannot trace; undefined for one who can. */
export function privilegeText(): string | undefined {
  const missing = missingCapabilities();
  if (missing.length === 0) return undefined;
  return `Tracing needs ${missing.join(" and ")}: ${capabilityAdvice()}. You can replay recordings`;
}
