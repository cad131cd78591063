import { type EventStream, printable } from "@rxbpf/core";
import { toJson, toStdout } from "@rxbpf/sinks";
import { fromEvent, lastValueFrom, merge } from "rxjs";

/** Signals that end a run in good order. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Writes a stream to stdout until it ends or a signal ends it. What the stream says about
 * itself goes to stderr. A second signal finds nobody listening: it ends the process at once.
 */
export async function run<E>(stream: EventStream<E>, { json }: { json: boolean }): Promise<void> {
  const signals = merge(...SIGNALS.map((signal) => fromEvent(process, signal)));
  const lost = new Map<string, number>();
  const said = stream.status.subscribe((status) => {
    if (status.type === "notice") console.error(`rxbpf: ${printable(status.message)}`);
    if (status.type === "lost") lost.set(status.reason, (lost.get(status.reason) ?? 0) + status.count);
  });
  try {
    await lastValueFrom(stream.until(signals).pipe(json ? toJson(process.stdout) : toStdout()), {
      defaultValue: undefined,
    });
  } finally {
    said.unsubscribe();
    if (lost.size > 0) console.error(`rxbpf: ${lostText(lost)}`);
  }
}

/** How many events were lost, by reason, and what to do. */
function lostText(lost: ReadonlyMap<string, number>): string {
  const parts = [...lost].map(([reason, count]) => `${count} (${printable(reason)})`);
  return `lost events: ${parts.join(", ")}${lost.has("ring full") ? "; a larger --ring-bytes keeps more" : ""}`;
}
