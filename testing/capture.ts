import { start } from "./programs.js";

export interface Capture {
  /** Ends it and returns the SYNs that it saw, each once, as `10.0.0.1 40000 > 10.0.0.2 80`. */
  stop(): Promise<string[]>;
}

/** Captures packets to a port with tcpdump, an independent witness. Resolves once it captures. */
export async function startCapture(side: readonly string[], device: string, port: number): Promise<Capture> {
  const filter = `dst port ${port} and (tcp[tcpflags] & tcp-syn != 0 or (ip6 and ip6[53] & 2 != 0))`;
  const tcpdump = start("sh", [
    "-c",
    `exec "$@" 2>&1`,
    "sh",
    ...side,
    "tcpdump",
    "--immediate-mode",
    "-lnnti",
    device,
    filter,
  ]);
  while (!(await tcpdump.line()).startsWith("listening on")) {
    // Skip its greeting.
  }
  return {
    async stop() {
      tcpdump.kill("SIGINT");
      const syns = new Set<string>();
      for (let line = await tcpdump.line(); !line.includes("packets captured"); line = await tcpdump.line()) {
        const [, from, fromPort, to, toPort] = /^IP6? (\S+)\.(\d+) > (\S+)\.(\d+): Flags \[S/.exec(line) ?? [];
        if (from) syns.add(`${from} ${fromPort} > ${to} ${toPort}`);
      }
      await tcpdump.ended();
      return [...syns];
    },
  };
}
