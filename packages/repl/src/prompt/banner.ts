import { missingCapabilities } from "@rxbpf/core";

import { version } from "../version.js";

/** What a prompt says first. */
export function banner(): string {
  const missing = missingCapabilities();
  const lines = [
    `rxbpf ${version()}: every probe, operator and sink by its name. Tab completes, .help says more, Ctrl-D leaves`,
  ];
  if (missing.length > 0)
    lines.push(`Nothing can be traced without ${missing.join(" and ")}: be root for that. Recordings can be replayed`);
  return lines.join("\n");
}
