import { clearScreenDown, cursorTo, moveCursor } from "node:readline";
import type { REPLServer } from "node:repl";
import type { WriteStream } from "node:tty";

/** Standard output for the prompt itself, as it is; `process.stdout` is then that of everybody else. */
export function ownOutput(): WriteStream {
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  return Object.create(stdout, { write: { value: write } }) as WriteStream;
}

/**
 * Lets what others write to standard output and error come above the prompt, which is then drawn again with what has been typed.
 * Returns what undoes it.
 * @param shown whether the prompt is on the screen
 */
export function keepPromptBelow(server: REPLServer, output: WriteStream, shown: () => boolean): () => void {
  const streams = [process.stdout, process.stderr];
  const originals = streams.map((stream) => stream.write);
  streams.forEach((stream, i) => {
    const original = originals[i]!;
    stream.write = function write(this: typeof stream, ...args: Parameters<typeof original>): boolean {
      if (!shown()) return original.apply(this, args);
      hide(server, output);
      const written = original.apply(this, args);
      if (!endsLine(args[0])) output.write("\n");
      server.displayPrompt(true);
      return written;
    } as typeof original;
  });
  return () => streams.forEach((stream, i) => (stream.write = originals[i]!));
}

function hide(server: REPLServer, output: WriteStream): void {
  moveCursor(output, 0, -server.getCursorPos().rows);
  cursorTo(output, 0);
  clearScreenDown(output);
}

function endsLine(chunk: string | Uint8Array): boolean {
  return typeof chunk === "string" ? chunk.endsWith("\n") : chunk.at(-1) === 10;
}
