import { clearScreenDown, cursorTo, moveCursor } from "node:readline";
import type { REPLServer } from "node:repl";
import type { WriteStream } from "node:tty";

/** Standard output for the prompt itself; all other code writes to `process.stdout`. */
export function ownOutput(): WriteStream {
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  return Object.create(stdout, { write: { value: write } }) as WriteStream;
}

/**
 * Makes other output to standard output and error appear above the prompt, which is then drawn again with what has been typed.
 * Returns a function that undoes it.
 * @param shown whether the prompt is on the screen
 */
export function keepPromptBelow(server: REPLServer, output: WriteStream, shown: () => boolean): () => void {
  const undo = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    const above = (chunk: string | Uint8Array, ...args: unknown[]): boolean => {
      if (!shown()) return write(chunk, ...args);
      hide(server, output);
      const written = write(chunk, ...args);
      if (!endsLine(chunk)) output.write("\n");
      server.displayPrompt(true);
      return written;
    };
    const own = Object.getOwnPropertyDescriptor(stream, "write");
    Object.defineProperty(stream, "write", { value: above, configurable: true, writable: true });
    return () => {
      if (own) Object.defineProperty(stream, "write", own);
      else Reflect.deleteProperty(stream, "write");
    };
  });
  return () => undo.forEach((each) => each());
}

function hide(server: REPLServer, output: WriteStream): void {
  moveCursor(output, 0, -server.getCursorPos().rows);
  cursorTo(output, 0);
  clearScreenDown(output);
}

function endsLine(chunk: string | Uint8Array): boolean {
  return typeof chunk === "string" ? chunk.endsWith("\n") : chunk.at(-1) === 10;
}
