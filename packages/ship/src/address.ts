import { readFileSync } from "node:fs";

import { stateOf } from "@rxbpf/core/events";

/** Where an engine is, and what it is asked for. */
export interface Address {
  readonly engine: "clickhouse" | "nats";
  /** As given, which is without credentials. */
  readonly shown: string;
  /** The host name with the port. */
  readonly host: string;
  readonly tls: boolean;
  /** The path without its slash: of ClickHouse the database, of NATS a probe. Empty if none is given. */
  readonly path: string;
  /** What follows the question mark. */
  readonly query: ReadonlyMap<string, string>;
}

interface Scheme {
  readonly engine: Address["engine"];
  /** The ports without and with TLS. */
  readonly ports: readonly [number, number];
  readonly queries: readonly string[];
}

const CLICKHOUSE: Scheme = { engine: "clickhouse", ports: [8123, 8443], queries: ["tls"] };
const NATS: Scheme = { engine: "nats", ports: [4222, 4222], queries: ["tls", "stream", "host"] };
const SCHEMES: Readonly<Record<string, Scheme>> = {
  "clickhouse:": CLICKHOUSE,
  "https:": CLICKHOUSE,
  "nats:": NATS,
  "tls:": NATS,
};

/**
 * Parses a URL: `clickhouse://HOST[:PORT]/DATABASE`, the same with `https:`, or `nats://HOST[:PORT]`. TLS is on, except
 * for this machine itself; `?tls=on` and `?tls=off` decide otherwise.
 * @throws RangeError for any other URL
 */
export function parseAddress(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url && Object.hasOwn(SCHEMES, url.protocol) ? SCHEMES[url.protocol] : undefined;
  if (!url || !scheme || url.hostname === "")
    throw wrong(withoutSecrets(text), "it takes clickhouse://HOST/DATABASE, https://HOST/DATABASE or nats://HOST");
  const shown = withoutSecrets(text);
  if (url.username || url.password)
    throw wrong(shown, "credentials in it would be seen by all users; give them in the environment or a file");
  const query = new Map(url.searchParams);
  for (const name of query.keys())
    if (!scheme.queries.includes(name)) throw wrong(shown, `after ? it takes ${scheme.queries.join(", ")}`);
  const asked = query.get("tls");
  if (asked !== undefined && asked !== "on" && asked !== "off") throw wrong(shown, "tls is on or off");
  const always = url.protocol === "https:" || url.protocol === "tls:";
  if (always && asked === "off") throw wrong(shown, `${url.protocol} always uses TLS`);
  const tls = always || (asked === undefined ? !isLoopback(url.hostname) : asked === "on");
  const host = `${url.hostname}:${url.port || scheme.ports[tls ? 1 : 0]}`;
  const path = decodeURIComponent(url.pathname.replace(/^\//, ""));
  if (path.includes("/")) throw wrong(shown, "its path has one part");
  return { engine: scheme.engine, shown, host, tls, path, query };
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^/]*@/, "//");
}

function wrong(shown: string, why: string): RangeError {
  return new RangeError(`Cannot use the URL ${shown}: ${why}`);
}

/** Finds a credential by its name, such as `NATS_TOKEN`. */
export type Secrets = (name: string) => string | undefined;

/**
 * Credentials from a file with lines `NAME=VALUE`, and from the environment for names that it does not have.
 * @throws Error if the file cannot be read
 */
export function secretsFrom(file?: string): Secrets {
  const own = file === undefined ? new Map<string, string>() : linesOf(file);
  return (name) => own.get(name) ?? process.env[name];
}

function linesOf(file: string): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`Cannot read the credentials in ${file}: ${stateOf(error)}`, { cause: error });
  }
  return new Map(
    text
      .split("\n")
      .filter((line) => /^\w+=/.test(line))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
