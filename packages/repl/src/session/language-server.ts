import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { createMessageConnection, type MessageConnection } from "vscode-jsonrpc/node";

import { tscPath } from "../typescript/packages.js";

export interface Position {
  readonly line: number;
  readonly character: number;
}

/** The protocol's number for a changed file. */
const CHANGED = 2;

/** An error in a file, as the language server protocol gives it. */
export interface Diagnostic {
  readonly range: { readonly start: Position; readonly end: Position };
  readonly message: string;
  readonly code: number;
  /** 1 is an error. */
  readonly severity: number;
}

export interface CompletionItem {
  readonly label: string;
  readonly insertText?: string;
  readonly data?: { readonly autoImport?: object };
}

export interface Explained {
  /** Its signature, such as `(property) OpenEvent.pid: number`. */
  readonly detail?: string;
  readonly documentation?: { readonly value: string };
}

/**
 * TypeScript 7's language server for a folder with a `tsconfig.json`. It speaks the language server protocol on its standard input
 * and output, and gets the text of files as they change, so they need not be written. It does not keep the process alive.
 */
export class LanguageServer {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #connection: MessageConnection;
  readonly #versions = new Map<string, number>();
  readonly #ended: Promise<never>;
  #asked = 0;
  /** Resolves when it has opened the folder. Rejects if it cannot be run. */
  readonly started: Promise<void>;

  constructor(folder: string) {
    this.#folder = folder;
    // In a process group of its own, so that Ctrl-C only reaches the running input. It ends when its standard input is closed.
    const options: SpawnOptions = { cwd: folder, stdio: ["pipe", "pipe", "ignore"], detached: true };
    this.#child = spawn(tscPath(), ["--lsp", "--stdio"], options);
    this.#ended = once(this.#child, "exit").then(() => {
      throw new Error("TypeScript's language server has ended");
    });
    this.#ended.catch(() => {});
    this.#connection = createMessageConnection(this.#child.stdout!, this.#child.stdin!);
    this.#connection.onRequest(() => null);
    this.#connection.onError(() => {}); // the pending requests fail, and report it
    this.#connection.listen();
    this.#hold(0);
    this.started = this.#initialize();
    this.started.catch(() => {});
  }

  async #initialize(): Promise<void> {
    const textDocument = { hover: { contentFormat: ["markdown"] }, completion: { completionItem: {} } };
    await this.#request("initialize", {
      processId: process.pid,
      rootUri: pathToFileURL(this.#folder).href,
      // Otherwise it runs npm, to install types for packages that have none.
      initializationOptions: { userPreferences: { disableAutomaticTypeAcquisition: true } },
      capabilities: { textDocument },
    });
    await this.#connection.sendNotification("initialized", {});
  }

  /** Sets a file's text, whatever is on the disk. */
  write(file: string, text: string): void {
    const version = (this.#versions.get(file) ?? 0) + 1;
    this.#versions.set(file, version);
    const uri = this.#uri(file);
    const change =
      version === 1
        ? ["didOpen", { textDocument: { uri, languageId: "typescript", version, text } }]
        : ["didChange", { textDocument: { uri, version }, contentChanges: [{ text }] }];
    const [method, params] = change as [string, object];
    this.#notify(`textDocument/${method}`, params);
  }

  /** Makes it look again for files and packages on the disk, also for those that it did not find before. */
  reload(): void {
    const changes = [{ uri: this.#uri("tsconfig.json"), type: CHANGED }];
    this.#notify("workspace/didChangeWatchedFiles", { changes });
  }

  async errors(file: string): Promise<readonly Diagnostic[]> {
    const report = await this.#ask<{ items: readonly Diagnostic[] }>("textDocument/diagnostic", {
      textDocument: { uri: this.#uri(file) },
    });
    return report.items.filter(({ severity }) => severity === 1);
  }

  async completions(file: string, position: Position): Promise<readonly CompletionItem[]> {
    const list = await this.#ask<{ items: readonly CompletionItem[] } | readonly CompletionItem[] | null>(
      "textDocument/completion",
      { textDocument: { uri: this.#uri(file) }, position },
    );
    return list === null ? [] : "items" in list ? list.items : list;
  }

  /** The details of a completion. */
  explain(item: CompletionItem): Promise<Explained> {
    return this.#ask("completionItem/resolve", item);
  }

  /** Type and documentation of the word at a position, as Markdown; undefined if there is none. */
  async hover(file: string, position: Position): Promise<string | undefined> {
    const hover = await this.#ask<{ contents: { value: string } | string } | null>("textDocument/hover", {
      textDocument: { uri: this.#uri(file) },
      position,
    });
    if (!hover) return undefined;
    return typeof hover.contents === "string" ? hover.contents : hover.contents.value;
  }

  /** Sends in the order of the calls, requests included: all wait only for the start. */
  #notify(method: string, params: object): void {
    this.started.then(() => this.#connection.sendNotification(method, params)).catch(() => {});
  }

  close(): void {
    this.#connection.dispose();
    this.#child.kill();
  }

  #uri(file: string): string {
    return pathToFileURL(join(this.#folder, file)).href;
  }

  async #ask<T>(method: string, params: object): Promise<T> {
    await this.started;
    return this.#request(method, params);
  }

  async #request<T>(method: string, params: object): Promise<T> {
    this.#hold(1);
    try {
      return await Promise.race([this.#connection.sendRequest<T>(method, params), this.#ended]);
    } finally {
      this.#hold(-1);
    }
  }

  /** The process stays alive only while it waits for an answer. */
  #hold(change: number): void {
    this.#asked += change;
    const handles = [this.#child, this.#child.stdin, this.#child.stdout] as unknown as Holding[];
    for (const handle of handles) {
      if (this.#asked > 0) handle.ref?.();
      else handle.unref?.();
    }
  }
}

interface Holding {
  ref?(): void;
  unref?(): void;
}
