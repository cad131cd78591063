/** Reasons of losses that ended a recording: the disk was full, or writing failed in another way. */
const REASONS = { full: "disk full", failed: "not written" } as const;

/** The reason for losing events that had come, by the error that ended the recording. */
export function reasonOf(error: unknown): string {
  const { code } = ((error as Error | undefined)?.cause ?? {}) as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT" ? REASONS.full : REASONS.failed;
}

/** Whether a loss with this reason ended a recording: its file is complete, but the recorder had more to write. */
export function endsRecording(reason: string): boolean {
  return Object.values<string>(REASONS).includes(reason);
}
