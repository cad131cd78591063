import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** The file that keeps inputs across runs, in a folder that only its owner can read. `RXBPF_HISTORY` names another file; if empty, none is kept. */
export function historyPath(): string {
  const { RXBPF_HISTORY: own, XDG_STATE_HOME: state = join(homedir(), ".local/state") } = process.env;
  if (own !== undefined) return own;
  const path = join(state, "rxbpf/history");
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch {
    return ""; // a read-only home: inputs are not kept
  }
  return path;
}
