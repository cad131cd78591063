/** The reasons of losses that ended a recording: there was no room, or writing failed in another way. */
const REASONS = { full: "disk full", failed: "not written" } as const;

/** Why events were lost that had come, by the error that ended the recording. */
export function reasonOf(error: unknown): string {
  const { code } = ((error as Error | undefined)?.cause ?? {}) as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT" ? REASONS.full : REASONS.failed;
}

/** Whether a loss of this reason ended a recording: it is whole as a file, and the recorder was not done. */
export function endsRecording(reason: string): boolean {
  return Object.values<string>(REASONS).includes(reason);
}
