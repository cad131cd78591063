import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

import { freePort } from "../nats.js";

const PROGRAM = fileURLToPath(new URL("clickhouse-server.mjs", import.meta.url));

/** ClickHouse's engine, as a server that can be killed and started again. It ends with the test. */
export class ClickHouseServer {
  readonly port: number;
  readonly #folder: string;
  readonly #password: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string, password: string) {
    this.port = port;
    this.#folder = folder;
    this.#password = password;
  }

  /** @param folder where it may store */
  static async start(folder: string, password: string = ""): Promise<ClickHouseServer> {
    const server = new ClickHouseServer(await freePort(), mkdtempSync(path.join(folder, "clickhouse-")), password);
    await server.resume();
    onTestFinished(() => server.kill());
    return server;
  }

  get url(): string {
    return `clickhouse://127.0.0.1:${this.port}/default`;
  }

  /** Starts it again, and waits until it takes connections. */
  async resume(): Promise<void> {
    this.#child = spawn(process.execPath, [PROGRAM, String(this.port), this.#folder], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, CLICKHOUSE_TEST_PASSWORD: this.#password },
    });
    await once(this.#child.stdout!, "data");
  }

  /** Kills it with SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** Runs a statement; returns its rows. */
  async query<T>(statement: string): Promise<T[]> {
    const response = await fetch(`http://127.0.0.1:${this.port}/`, {
      method: "POST",
      body: statement,
      headers: { authorization: `Basic ${Buffer.from(`default:${this.#password}`).toString("base64")}` },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T);
  }
}
