import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";

/** What Chromium answers or tells. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

type Parameters = Readonly<Record<string, unknown>>;

/** How a page is looked at. */
interface View {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

/** A headless Chromium, driven by its DevTools protocol through a pipe. */
export class Browser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #listeners = new Set<(message: Message) => void>();
  #session: string | undefined;
  #id = 0;

  private constructor(child: ChildProcess, profile: string) {
    this.#process = child;
    this.#profile = profile;
    let text = "";
    (child.stdio[4] as Readable).setEncoding("utf8").on("data", (more: string) => {
      const messages = (text + more).split("\0");
      text = messages.pop()!;
      for (const message of messages) this.#hear(JSON.parse(message) as Message);
    });
  }

  /** Starts it. It must be closed. */
  static async start(): Promise<Browser> {
    const profile = mkdtempSync(path.join(tmpdir(), "rxbpf-browser-"));
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"];
    const child = spawn("chromium", [...flags, `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, TMPDIR: profile },
    });
    const browser = new Browser(child, profile);
    const { targetInfos } = (await browser.#send("Target.getTargets")) as { targetInfos: Parameters[] };
    const targetId = targetInfos.find(({ type }) => type === "page")!.targetId;
    const { sessionId } = await browser.#send("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Network", "Log"]) await browser.#send(`${domain}.enable`);
    return browser;
  }

  async close(): Promise<void> {
    const ended = once(this.#process, "exit");
    process.kill(-this.#process.pid!, "SIGKILL");
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 });
  }

  /** Listens for what the page loads, logs, throws, or opens: everything that happens on its own. */
  onEvent(listener: (method: string, parameters: Parameters) => void): void {
    this.#listeners.add(({ method, params = {} }) => void (method && listener(method, params)));
  }

  /** Opens a file and waits until it is loaded. */
  async open(file: string, { width = 1400, height = 1000, dark = false }: View = {}): Promise<void> {
    const features = [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }];
    await this.#send("Emulation.setEmulatedMedia", { features });
    await this.#send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    const loaded = this.#next("Page.loadEventFired");
    await this.#send("Page.navigate", { url: pathToFileURL(file).href });
    await loaded;
  }

  /** The value of an expression in the page. @throws Error if it throws */
  async value<T>(expression: string): Promise<T> {
    const options = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", options);
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  /** Waits until an expression is true in the page. @throws Error if it is not after some seconds */
  async until(expression: string): Promise<void> {
    for (let i = 0; i < 600; i++) {
      if (await this.value<boolean>(`Boolean(${expression})`)) return;
      await this.value("new Promise((resolve) => setTimeout(resolve, 50))");
    }
    throw new Error(`It did not become true: ${expression}`);
  }

  /** Clicks with the mouse in the middle of the element that an expression gives. */
  async click(element: string): Promise<void> {
    const { x, y } = await this.#middle(element);
    await this.drag([x, y], [x, y]);
  }

  /** Presses the mouse at one point and releases it at another. */
  async drag(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    const event = (type: string, [x, y]: readonly [number, number]): Promise<Parameters> =>
      this.#send("Input.dispatchMouseEvent", { type, x, y, button: "left", buttons: 1, clickCount: 1 });
    await event("mouseMoved", from);
    await event("mousePressed", from);
    if (to[0] !== from[0] || to[1] !== from[1]) await event("mouseMoved", to);
    await event("mouseReleased", to);
    await this.#frames();
  }

  /** Presses a key. */
  async key(key: string, text?: string): Promise<void> {
    const code = key === "Enter" ? 13 : 0;
    const parameters = { key, code: key, windowsVirtualKeyCode: code, ...(text !== undefined && { text }) };
    await this.#send("Input.dispatchKeyEvent", { type: "keyDown", ...parameters });
    await this.#send("Input.dispatchKeyEvent", { type: "keyUp", ...parameters });
    await this.#frames();
  }

  /** Writes a picture of the whole page. */
  async screenshot(file: string): Promise<void> {
    const { data } = await this.#send("Page.captureScreenshot", { captureBeyondViewport: true });
    writeFileSync(file, Buffer.from(data as string, "base64"));
  }

  /** Prints the page as a PDF file. */
  async print(): Promise<Buffer> {
    const { data } = await this.#send("Page.printToPDF", { printBackground: false });
    return Buffer.from(data as string, "base64");
  }

  async #middle(element: string): Promise<{ x: number; y: number }> {
    const box = "const box = element.getBoundingClientRect()";
    const middle = "({ x: box.x + box.width / 2, y: box.y + box.height / 2 })";
    return this.value(
      `(() => { const element = ${element}; element.scrollIntoView({ block: "center", behavior: "instant" }); ${box}; return ${middle}; })()`,
    );
  }

  /** Waits for two frames: what an event caused is drawn then. */
  #frames(): Promise<unknown> {
    return this.value(
      "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))))",
    );
  }

  #next(method: string): Promise<void> {
    return new Promise((resolve) => {
      const listener = (message: Message): void => {
        if (message.method !== method) return;
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }

  #send(method: string, params: Parameters = {}): Promise<Parameters> {
    const id = ++this.#id;
    const message = { id, method, params, ...(this.#session !== undefined && { sessionId: this.#session }) };
    (this.#process.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
    });
  }

  #hear(message: Message): void {
    if (message.id !== undefined) {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    } else for (const listener of this.#listeners) listener(message);
  }
}
