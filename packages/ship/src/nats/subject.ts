import type { Origin } from "../origin.js";
import { STREAM } from "./connection.js";

/** The subject of a host's batches of one probe. */
export function subjectOf({ host, name }: Pick<Origin, "host" | "name">): string {
  return [STREAM, part(host), part(name)].join(".");
}

/** The subjects of a host, or of a probe, or of all. */
export function subjectsOf(host?: string, name?: string): string {
  const [first, second] = [host, name].map((text) => (text === undefined ? "*" : part(text)));
  return `${STREAM}.${first}.${second}`;
}

/** A part of a subject, which may contain neither dots nor wildcards. */
function part(text: string): string {
  return text.replace(/[^\w-]/g, "_") || "_";
}

/** Headers of a message: the id by which the server drops a second copy, and the host's name as it is. */
export const HEADERS = { id: "Nats-Msg-Id", host: "Rxbpf-Host" } as const;
