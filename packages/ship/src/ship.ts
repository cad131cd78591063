import { parseAddress, type Address, type Secrets, secretsFrom } from "./address.js";
import { Position } from "./position.js";
import { type Shipped, Shipper, type ShipperOptions } from "./shipper.js";
import { Spool, type Spooled } from "./spool.js";
import type { Target } from "./target.js";

/** Options of `shipRecordings`. */
export interface ShipOptions {
  /** Removes each file once every target has all of it, and its writer has finished it. */
  readonly deleteSent?: boolean | undefined;
  /** The host's name for the targets; by default that in the recordings. */
  readonly host?: string | undefined;
  /** A file with credentials, as lines `NAME=VALUE`; what it does not have is taken from the environment. */
  readonly credentials?: string | undefined;
  /** Takes what a person should know, one line each: an engine that is away, files that cannot be sent. */
  readonly tell?: ((message: string) => void) | undefined;
}

/** A run of `shipRecordings`. */
export interface Shipping {
  /**
   * What was sent, by target. Rejects once a target will not take what it is sent, or is out of reach when everything
   * is to be sent; the other targets have ended by then. What was not acknowledged stays in the spool.
   */
  readonly done: Promise<readonly Shipped[]>;
  /** Ends it once everything that the directory has now was sent. */
  drain(): void;
  /** Ends it after the batches that are under way. */
  stop(): void;
}

/**
 * Sends the recordings in a directory to engines, whole batches in the order of recording, and goes on with what
 * recorders write there until it is ended. Each batch is sent until the engine has acknowledged it. How far each engine
 * got is kept in the directory, so a later call goes on from there: also after a crash of this process, of the engine
 * or of the machine. What an engine may have got already, it is asked for before it is sent again.
 *
 * `urls` are `clickhouse://HOST/DATABASE` or `nats://HOST`; see `docs/fleet.md`. Needs no privileges but to read the
 * recordings and to write to their directory.
 * @throws RangeError for a URL that is none of these; Error if the directory or the credentials cannot be read
 */
export function shipRecordings(directory: string, urls: readonly string[], options: ShipOptions = {}): Shipping {
  const { deleteSent, host, credentials, tell = () => {} } = options;
  const addresses = urls.map(parseTarget);
  if (addresses.length === 0) throw new RangeError("shipRecordings needs a URL to send to");
  const secrets = secretsFrom(credentials);
  const spool = new Spool(directory, tell);
  const stop = new AbortController();
  const ending = { signal: stop.signal, draining: false };
  const end = (): void => stop.abort();
  return {
    done: run(spool, addresses, { deleteSent, host, tell, secrets, ending, end }).finally(() => spool.close()),
    drain: () => void (ending.draining = true),
    stop: end,
  };
}

interface RunOptions extends Omit<ShipperOptions, "sent"> {
  readonly deleteSent: boolean | undefined;
  readonly secrets: Secrets;
  /** Ends all. */
  readonly end: () => void;
}

/** Sends to all targets; if one fails, the others are ended first. */
async function run(
  spool: Spool,
  addresses: readonly Address[],
  { deleteSent, secrets, end, ...options }: RunOptions,
): Promise<readonly Shipped[]> {
  const shippers: Shipper[] = [];
  const sent = (file: Spooled): void => {
    if (shippers.length === addresses.length && shippers.every((one) => one.isOver(file))) spool.remove(file);
  };
  let failure: { readonly error: unknown } | undefined;
  const sending = addresses.map(async (address) => {
    try {
      const target = await targetAt(address, secrets, options.tell);
      const position = await Position.open(spool.directory, spool.path, address.shown);
      try {
        const shipper = new Shipper(spool, target, position, { ...options, ...(deleteSent && { sent }) });
        shippers.push(shipper);
        return await shipper.run();
      } finally {
        position.close();
        await target.close();
      }
    } catch (error) {
      failure ??= { error };
      end();
      return undefined;
    }
  });
  const shipped = await Promise.all(sending);
  if (failure) throw failure.error;
  return shipped as readonly Shipped[];
}

/** Parses the URL of a target. @throws RangeError if nothing can be sent to it */
export function parseTarget(url: string): Address {
  const address = parseAddress(url);
  if (address.engine === "nats" && address.path !== "")
    throw new RangeError(
      `Cannot use the URL ${address.shown}: to send, it takes no path; the subjects are rxbpf.HOST.PROBE`,
    );
  return address;
}

/** Loads the client of the engine, which is only then needed. */
async function targetAt(address: Address, secrets: Secrets, tell: (message: string) => void): Promise<Target> {
  if (address.engine === "nats") {
    const { NatsTarget } = await import("./nats/target.js");
    return new NatsTarget(address, secrets);
  }
  const { ClickHouseTarget } = await import("./clickhouse/target.js");
  return new ClickHouseTarget(address, secrets, tell);
}
