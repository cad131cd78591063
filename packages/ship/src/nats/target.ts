import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/transport-node";

import type { Address, Secrets } from "../address.js";
import { tokenOf } from "../origin.js";
import { Refused, type Sent, type Target } from "../target.js";
import { connectTo, STREAM, streamOf } from "./connection.js";
import { HEADERS, subjectOf } from "./subject.js";

const ACK_MS = 10_000;
/** How long the server remembers the ids of messages, in nanoseconds: two hours. */
const WINDOW = 2 * 3600 * 1e9;
/** Room for the headers of a message. */
const HEADER_BYTES = 4096;

/** Codes of JetStream's errors. */
const FULL: ReadonlySet<number> = new Set([10023, 10047, 10077, 10122]);
const OVERLAP = 10065;
const NO_STREAM = 10059;

/** A JetStream stream: one message a batch. It is made if there is none. */
export class NatsTarget implements Target {
  readonly #shown: string;
  readonly #address: Address;
  readonly #secrets: Secrets;
  readonly #stream: string;
  #open: { readonly nc: NatsConnection; readonly js: JetStreamClient; readonly jsm: JetStreamManager } | undefined;

  constructor(address: Address, secrets: Secrets) {
    this.#shown = address.shown;
    this.#address = address;
    this.#secrets = secrets;
    this.#stream = streamOf(address);
  }

  async connect(): Promise<void> {
    if (this.#open && !this.#open.nc.isClosed()) return;
    const nc = await connectTo(this.#address, this.#secrets);
    try {
      const jsm = await jetstreamManager(nc);
      await this.#ensureStream(jsm);
      this.#open = { nc, js: jetstream(nc), jsm };
    } catch (error) {
      await nc.close();
      throw this.#explained(error);
    }
  }

  async send({ origin, batch, parcel }: Sent, again: boolean): Promise<void> {
    const { nc, js, jsm } = this.#open!;
    const most = nc.info!.max_payload - HEADER_BYTES;
    if (parcel.bytes.length > most)
      throw new Refused(
        `Cannot send to ${this.#shown}: a batch of ${origin.name} has ${parcel.bytes.length} bytes and the server takes ${most}; raise max_payload there, and record with a smaller --batch-bytes`,
      );
    const [subject, id] = [subjectOf(origin), tokenOf(origin, batch)];
    try {
      // Its window may have passed since, but what was sent last is still there.
      if (again) {
        const last = await jsm.streams.getMessage(this.#stream, { last_by_subj: subject });
        if (last?.header.get(HEADERS.id) === id) return;
      }
      const hdrs = headers();
      hdrs.set(HEADERS.host, encodeURIComponent(origin.host));
      const expect = { streamName: this.#stream };
      await js.publish(subject, parcel.bytes, { msgID: id, headers: hdrs, timeout: ACK_MS, expect });
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.nc.close();
  }

  async #ensureStream(jsm: JetStreamManager): Promise<void> {
    const wanted = `${STREAM}.>`;
    const found = await jsm.streams.info(this.#stream).catch((error: unknown) => {
      if (codeOf(error) === NO_STREAM) return undefined;
      throw error;
    });
    if (!found)
      await jsm.streams.add({
        name: this.#stream,
        subjects: [wanted],
        duplicate_window: WINDOW,
        // Refuses what it has no room for, where it would otherwise drop the oldest.
        discard: "new",
      });
    else if (!found.config.subjects?.includes(wanted))
      throw new Refused(
        `Cannot send to ${this.#shown}: its stream ${this.#stream} does not take the subjects ${wanted}; add them to it, or name another stream: ?stream=NAME`,
      );
  }

  #explained(error: unknown): unknown {
    if (!(error instanceof Error) || error instanceof Refused) return error;
    const state = stateOf(error, this.#stream);
    if (state === undefined)
      return new Error(`Cannot send to ${this.#shown}: ${error.message.replace(/\.$/, "")}`, { cause: error });
    const message = `Cannot send to ${this.#shown}: ${state}`;
    return FULL.has(codeOf(error)) ? new Error(message, { cause: error }) : new Refused(message, { cause: error });
  }
}

/** What is wrong and what to do, if that is known. */
function stateOf(error: Error, stream: string): string | undefined {
  const code = codeOf(error);
  if (FULL.has(code) || /maximum (bytes|messages)/.test(error.message))
    return `its stream ${stream} is full; raise its limits or remove messages`;
  if (code === OVERLAP) return "another stream takes these subjects; name it: ?stream=NAME";
  if (error.name === "JetStreamNotEnabled") return "JetStream is off there; start the server with it";
  if (error.name === "PermissionViolationError") return `${error.message}; let this user publish to rxbpf.>`;
  return undefined;
}

function codeOf(error: unknown): number {
  return Number((error as { code?: unknown } | undefined)?.code);
}
