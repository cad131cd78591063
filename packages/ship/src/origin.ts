import type { RecordingInfo } from "@rxbpf/sinks";

/** Where events come from: one recording. */
export interface Origin {
  readonly host: string;
  /** The id of the machine's boot. */
  readonly boot: string;
  /** The name of what was recorded: the probe's, with the output's if that is not its events. */
  readonly name: string;
  /** Which recording of that boot and probe: the moment at which it was started, in seconds after the boot. */
  readonly recording: string;
}

/** @param host the host's name, if it is not what the recording says */
export function originOf({ host: recorded, boot, probe, output, uptime }: RecordingInfo, host?: string): Origin {
  return { host: host ?? recorded, boot, name: recordedName(probe, output), recording: String(uptime) };
}

/** The name for an output of a probe, of which tables and subjects are made. */
export function recordedName(probe: string, output: string): string {
  return output === "" || output === "events" ? probe : `${probe}_${output}`;
}

/**
 * What makes a batch the same batch when it is sent again, from wherever its file lies by then. No two batches of a
 * fleet have the same.
 */
export function tokenOf({ host, boot, name, recording }: Origin, batch: string): string {
  return [host, boot, name, recording, batch].map((part) => encodeURIComponent(part)).join("/");
}
