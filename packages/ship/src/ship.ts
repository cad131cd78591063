import { parseAddress, type Address, type Secrets, secretsFrom } from "./address.js";
import { ClickHouseTarget } from "./clickhouse/target.js";
import { NatsTarget } from "./nats/target.js";
import { type Shipped, Shipper } from "./shipper.js";
import { Spool, type Spooled } from "./spool.js";
import type { Target } from "./target.js";

/** Options of `ship`. */
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

/** A run of `ship`. */
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
export function ship(directory: string, urls: readonly string[], options: ShipOptions = {}): Shipping {
  const { deleteSent, host, credentials, tell = () => {} } = options;
  const addresses = urls.map(checkedAddress);
  if (addresses.length === 0) throw new RangeError("ship needs a URL to send to");
  const secrets = secretsFrom(credentials);
  const spool = new Spool(directory, tell);
  const shippers: Shipper[] = addresses.map((address) => {
    const sent = (file: Spooled): void => {
      if (shippers.every((one) => one.isOver(file))) spool.remove(file);
    };
    return new Shipper(spool, targetAt(address, secrets, tell), { host, tell, ...(deleteSent && { sent }) });
  });
  const stop = (): void => {
    for (const shipper of shippers) shipper.stop();
  };
  return {
    done: all(shippers, stop).finally(() => spool.close()),
    drain() {
      for (const shipper of shippers) shipper.drain();
    },
    stop,
  };
}

/** Runs all; if one fails, the others are ended first. */
async function all(shippers: readonly Shipper[], stop: () => void): Promise<readonly Shipped[]> {
  let failure: { readonly error: unknown } | undefined;
  const runs = shippers.map((shipper) =>
    shipper.run().catch((error: unknown) => {
      failure ??= { error };
      stop();
      return undefined;
    }),
  );
  const shipped = await Promise.all(runs);
  if (failure) throw failure.error;
  return shipped as readonly Shipped[];
}

function checkedAddress(url: string): Address {
  const address = parseAddress(url);
  if (address.engine === "nats" && address.path !== "")
    throw new RangeError(`Cannot use the URL ${address.shown}: to send, it takes no path; the subjects are rxbpf.HOST.PROBE`);
  return address;
}

function targetAt(address: Address, secrets: Secrets, tell: (message: string) => void): Target {
  return address.engine === "nats" ? new NatsTarget(address, secrets) : new ClickHouseTarget(address, secrets, tell);
}
