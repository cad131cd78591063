import { UsageError } from "@rxbpf/probes/define";
import { createLosses, createTable, recordedName } from "@rxbpf/ship";
import type { Command } from "commander";

import { catalogue } from "../catalogue.js";
import { shippingTo, ship, type ShipFlags } from "../recordings/shipping.js";
import { signals } from "../process/signals.js";

interface Flags extends ShipFlags {
  readonly to?: readonly string[];
  readonly follow?: boolean;
  readonly schema?: boolean;
}

/** `rxbpf ship`: sends recordings to engines. */
export function addShip(program: Command): void {
  program
    .command("ship")
    .description("send recordings to ClickHouse or NATS JetStream, each batch until it is acknowledged")
    .usage("DIRECTORY --to URL... [flags]")
    .argument("[words...]", "a directory of recordings; with --schema, probes")
    .option("--to <url...>", "where to send: clickhouse://HOST/DATABASE, nats://HOST")
    .option("--follow", "go on with what recorders write, until Ctrl-C (default: send what is there)")
    .option("--delete-sent", "remove each file once all of it was sent")
    .option("--host <name>", "the name of this host (default: the one in the recordings)")
    .option("--credentials <file>", "take credentials from a file, as lines NAME=VALUE, before the environment")
    .option("--schema", "print the ClickHouse tables of the probes, or of all, and send nothing")
    .addHelpText("after", HELP)
    .action(async (words: string[], { to = [], follow, schema, ...flags }: Flags) => {
      if (schema) return printTables(words);
      const [directory, ...others] = words;
      if (directory === undefined || others.length > 0 || to.length === 0)
        throw new UsageError("ship takes one directory, and --to URL");
      const shipping = shippingTo(directory, to, flags);
      if (!follow) shipping.drain();
      signals().subscribe(() => shipping.stop());
      await ship(shipping);
    });
}

const HELP = `
Credentials: CLICKHOUSE_USER and CLICKHOUSE_PASSWORD; NATS_USER and NATS_PASSWORD, NATS_TOKEN, or NATS_CREDS (a file).
TLS is on, except to this machine; ?tls=on or ?tls=off after a URL decides. NODE_EXTRA_CA_CERTS names further authorities.
How far each URL got is kept in the directory, so the next run goes on from there.`;

/** Prints the statements that make the tables of probes. */
function printTables(words: readonly string[]): void {
  const unknown = words.find((name) => !catalogue.has(name));
  if (unknown !== undefined) throw new UsageError(`There is no probe ${JSON.stringify(unknown)}; see: rxbpf list`);
  const names = words.length > 0 ? words : [...catalogue.keys()];
  const tables = names.map((name) => {
    const { definition, outputs } = catalogue.get(name)!;
    return createTable(recordedName(name, definition.main), outputs[definition.main]!.schema);
  });
  console.log([...tables, createLosses()].map((statement) => `${statement};`).join("\n\n"));
}
