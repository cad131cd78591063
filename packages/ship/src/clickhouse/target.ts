import { Readable } from "node:stream";

import { type ClickHouseClient, createClient } from "@clickhouse/client";
import type { Lost } from "@rxbpf/core";
import { stateOf } from "@rxbpf/core/events";

import type { Address, Secrets } from "../address.js";
import { tokenOf } from "../origin.js";
import { Refused, type Sent, type Target } from "../target.js";
import {
  addColumns,
  type Column,
  columnsOf,
  identifier,
  isSameType,
  literal,
  LOSS_COLUMNS,
  LOSSES,
  OWN,
} from "./table.js";

const REQUEST_MS = 60_000;

/** Codes of ClickHouse's errors that stay until a person changes something, and what to do. */
const LASTING: Readonly<Record<string, string>> = {
  "16": "a column is missing",
  "47": "a column is missing",
  "53": "a column has another type",
  "60": "a table is missing",
  "81": "the database does not exist; make it there, or name another in the URL",
  "117": "it cannot read the data",
  "192": "the user does not exist",
  "193": "the password is wrong",
  "497": "the user may not do this; grant it SELECT and INSERT on the tables",
  "516": "it refused the credentials; set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD",
};

/** ClickHouse, over HTTP. Each probe has its table, and losses have theirs. */
export class ClickHouseTarget implements Target {
  readonly #shown: string;
  readonly #database: string;
  readonly #client: ClickHouseClient;
  readonly #tell: (message: string) => void;
  #isReached = false;
  /** Tables that were found to be as they must, with the columns for which. */
  readonly #checked = new Set<string>();

  /** @param tell takes what a person should know */
  constructor({ shown, host, tls, path }: Address, secrets: Secrets, tell: (message: string) => void) {
    this.#shown = shown;
    this.#database = path || "default";
    this.#tell = tell;
    this.#client = createClient({
      url: `${tls ? "https" : "http"}://${host}`,
      database: this.#database,
      username: secrets("CLICKHOUSE_USER") ?? "default",
      password: secrets("CLICKHOUSE_PASSWORD") ?? "",
      request_timeout: REQUEST_MS,
      max_open_connections: 2,
      application: "rxbpf",
      // The errors come as exceptions.
      log: { level: 127 },
    });
  }

  async connect(): Promise<void> {
    if (this.#isReached) return;
    await this.#told("reach", () => this.#rows("SELECT 1"));
    this.#isReached = true;
  }

  async send(sent: Sent, again: boolean): Promise<void> {
    const { parcel } = sent;
    const losses = parcel.notes.flatMap(({ note }) => (note.type === "lost" ? [note] : []));
    await this.#told("send to", async () => {
      if (parcel.length > 0) await this.#sendRows(sent, again);
      if (losses.length > 0) await this.#sendLosses(sent, losses, again);
    });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #sendRows({ origin, info, batch, parcel }: Sent, again: boolean): Promise<void> {
    const { name } = origin;
    const columns = columnsOf(info.schema);
    await this.#check(name, [...OWN, ...columns], `make it: rxbpf ship --schema ${info.probe}`);
    if (again && (await this.#holds(name, origin, batch)) >= parcel.length) return;
    const structure = columns.map(({ field, sent }) => `${identifier(field)} ${sent}`).join(", ");
    const { host, boot, recording } = origin;
    const own = [literal(host), literal(boot), literal(recording), batch];
    await this.#insert(
      `INSERT INTO ${this.#table(name)} (${[...OWN, ...columns].map((one) => identifier(one.name)).join(", ")})` +
        ` SELECT ${[...own, ...columns.map(({ field }) => identifier(field))].join(", ")}` +
        ` FROM input(${literal(structure)}) FORMAT ArrowStream`,
      parcel.bytes,
      tokenOf(origin, batch),
    );
  }

  async #sendLosses({ origin, batch }: Sent, losses: readonly Lost[], again: boolean): Promise<void> {
    const { name: probe, host, boot, recording } = origin;
    await this.#check(LOSSES, LOSS_COLUMNS, "make it: rxbpf ship --schema");
    if (again && (await this.#holds(LOSSES, origin, batch, probe)) >= losses.length) return;
    const rows = losses.map(({ time, count, total, reason }) =>
      JSON.stringify({ host, boot, recording, batch, probe, time: time / 1000, count, total, reason }),
    );
    await this.#insert(
      `INSERT INTO ${this.#table(LOSSES)} FORMAT JSONEachRow`,
      Buffer.from(rows.join("\n")),
      tokenOf(origin, `${batch}/lost`),
    );
  }

  async #insert(query: string, bytes: Uint8Array, token: string): Promise<void> {
    const { stream } = await this.#client.exec({
      query,
      values: Readable.from([bytes], { objectMode: false }),
      clickhouse_settings: {
        insert_deduplication_token: token,
        insert_deduplicate: 1,
        async_insert: 0,
        // The answer comes once everything is stored, and says so.
        wait_end_of_query: 1,
      },
    });
    stream.resume();
    await new Promise((resolve, reject) => stream.on("end", resolve).on("error", reject));
  }

  /** How many rows of a batch a table has. Its memory of tokens is limited, this is not. */
  async #holds(table: string, { host, boot, recording }: Sent["origin"], batch: string, probe?: string) {
    const number = table === LOSSES ? literal(batch) : batch;
    const [row] = await this.#rows<{ count: string }>(
      `SELECT count() AS count FROM ${this.#table(table)} WHERE host = ${literal(host)} AND boot = ${literal(boot)}` +
        ` AND recording = ${literal(recording)} AND batch = ${number}` +
        (probe === undefined ? "" : ` AND probe = ${literal(probe)}`),
    );
    return Number(row?.count);
  }

  /** Checks that a table has these columns. @throws Refused with what to do, if not */
  async #check(name: string, columns: readonly Column[], make: string): Promise<void> {
    const key = JSON.stringify([name, columns.map(({ name, type }) => [name, type])]);
    if (this.#checked.has(key)) return;
    const where = `database = ${literal(this.#database)}`;
    const found = await this.#rows<Column>(
      `SELECT name, type FROM system.columns WHERE ${where} AND table = ${literal(name)}`,
    );
    const table = this.#table(name);
    if (found.length === 0) throw this.#refused(`there is no table ${table}; ${make}`);
    const types = new Map(found.map(({ name, type }) => [name, type]));
    const missing = columns.filter((column) => !types.has(column.name));
    if (missing.length > 0) throw this.#refused(`the table ${table} lacks columns; run: ${addColumns(table, missing)}`);
    const other = columns.find((column) => !isSameType(types.get(column.name)!, column.type));
    if (other)
      throw this.#refused(
        `in the table ${table} the column ${other.name} is ${types.get(other.name)}, not ${other.type}; rename that table, and ${make}`,
      );
    const [engine] = await this.#rows<{ engine_full: string }>(
      `SELECT engine_full FROM system.tables WHERE ${where} AND name = ${literal(name)}`,
    );
    if (!/Replicated|Shared|non_replicated_deduplication_window = [1-9]/.test(engine?.engine_full ?? ""))
      this.#tell(
        `the table ${table} keeps what is sent twice; run: ALTER TABLE ${table} MODIFY SETTING non_replicated_deduplication_window = 10000`,
      );
    this.#checked.add(key);
  }

  async #rows<T>(query: string): Promise<T[]> {
    const result = await this.#client.query({ query, format: "JSONEachRow" });
    return result.json<T>();
  }

  #table(name: string): string {
    return `${identifier(this.#database)}.${identifier(name)}`;
  }

  #refused(state: string): Refused {
    return new Refused(`Cannot send to ${this.#shown}: ${state}`);
  }

  /** Runs a request; its failure becomes one line. */
  async #told(verb: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      if (cause instanceof Refused) throw cause;
      const error = cause as NodeJS.ErrnoException;
      const lasting = Object.hasOwn(LASTING, error.code ?? "") ? LASTING[error.code!] : undefined;
      const first = error.errno === undefined ? error.message.split("\n", 1)[0]!.slice(0, 300) : stateOf(error);
      const message = `Cannot ${verb} ${this.#shown}: ${lasting ?? first}`;
      this.#isReached = false;
      // A table may have changed since it was checked.
      this.#checked.clear();
      if (lasting) throw new Refused(message, { cause });
      throw new Error(message, { cause });
    }
  }
}
