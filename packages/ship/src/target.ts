import type { Parcel, RecordingInfo } from "@rxbpf/sinks";

import type { Origin } from "./origin.js";

/** A batch to send. */
export interface Sent {
  readonly origin: Origin;
  readonly info: RecordingInfo;
  /** Its number in its recording; `before` for losses before the first. */
  readonly batch: string;
  readonly parcel: Parcel;
}

/** An engine that takes batches. Its methods fail with `Refused` if trying again cannot help. */
export interface Target {
  /** Reaches the engine, unless that was done. */
  connect(): Promise<void>;
  /**
   * Sends a batch; resolves once the engine has it for good.
   * @param again whether the engine may have it already
   */
  send(sent: Sent, again: boolean): Promise<void>;
  /** Frees the connection; another `connect` may follow. */
  close(): Promise<void>;
}

/** The engine is there and will not take what it is given, until a person changes something. */
export class Refused extends Error {
  override readonly name = "Refused";
}
