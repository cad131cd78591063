import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { onTestFinished } from "vitest";

/** A NATS server with JetStream that can be killed and started again. It ends with the test. */
export class NatsServer {
  readonly port: number;
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#arguments = args;
  }

  /**
   * @param folder where it may store
   * @param configuration more lines of its configuration; without JetStream if they say so
   */
  static async start(folder: string, configuration: string = ""): Promise<NatsServer> {
    const own = mkdtempSync(path.join(folder, "nats-"));
    const port = await freePort();
    const file = path.join(own, "nats.conf");
    const storage = configuration.includes("jetstream") ? "" : `jetstream { store_dir: "${own}" }\n`;
    writeFileSync(file, `listen: "127.0.0.1:${port}"\n${storage}${configuration}`);
    const server = new NatsServer(port, ["-c", file]);
    await server.resume();
    onTestFinished(() => server.kill());
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts it again, and waits until it takes connections. */
  async resume(): Promise<void> {
    this.#child = spawn("nats-server", this.#arguments, { stdio: "ignore" });
    const isRunning = (): boolean => this.#child?.exitCode === null;
    for (;;) {
      try {
        await (await connect({ servers: this.url, reconnect: false, timeout: 2000 })).close();
        return;
      } catch (error) {
        // It is there, and wants credentials or TLS.
        if (!/refused/.test((error as Error).message)) return;
        if (!isRunning()) throw new Error("nats-server has ended", { cause: error });
        await delay(10);
      }
    }
  }

  /** Kills it with SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async connect(): Promise<NatsConnection> {
    return connect({ servers: this.url, reconnect: false });
  }

  /** All messages of a stream, in order, by subject. */
  async messages(stream: string = "rxbpf"): Promise<Map<string, Uint8Array[]>> {
    const nc = await this.connect();
    try {
      const { state } = await (await jetstreamManager(nc)).streams.info(stream);
      const found = new Map<string, Uint8Array[]>();
      if (state.messages === 0) return found;
      const consumer = await jetstream(nc).consumers.get(stream);
      for await (const message of await consumer.consume()) {
        const before = found.get(message.subject);
        const data = new Uint8Array(message.data);
        if (before) before.push(data);
        else found.set(message.subject, [data]);
        if (message.seq >= state.last_seq) break;
      }
      return found;
    } finally {
      await nc.close();
    }
  }
}

/** A TCP port that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
