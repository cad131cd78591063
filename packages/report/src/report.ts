import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { deflate } from "node:zlib";

import { type OutputOptions, type Progress, seriesAt, type Series, type Target, writeWhole } from "@rxbpf/sinks";

import { documentOf } from "./document.js";
import { Gathering } from "./gather.js";
import { pageDataOf } from "./page-data.js";

/** After this many milliseconds other work gets a turn. */
const TURN_MS = 50;
const MOST_EVENTS = 2_000_000;

/** Options of `writeReport`. */
export interface ReportOptions extends OutputOptions {
  /** How many events of each probe the page holds at most; of more it has every second, every fourth, and so on. */
  readonly events?: number | undefined;
  /** Called from time to time, and at the end, with the events and bytes that were read, and the losses. */
  readonly progress?: ((progress: Progress) => void) | undefined;
  /** Ends it early; then nothing is written. */
  readonly signal?: AbortSignal | undefined;
}

/** What a page was made of. */
export interface Reported {
  /** The size of the page. */
  readonly bytes: number;
  readonly series: readonly ReportedSeries[];
}

/** The recordings of one probe, in a page. */
export interface ReportedSeries {
  readonly probe: string;
  /** How many events were recorded. */
  readonly events: number;
  /** The page has one in so many. */
  readonly every: number;
  /** How many events were lost. */
  readonly lost: number;
}

/**
 * Writes a page that shows recordings in a browser: one file, which loads nothing and runs nothing but its own script.
 * Loads no BPF. Recordings need not be trusted.
 * @param path a recording, a list of them, or a directory of which all files are read whose names end with `.arrow`
 * @param target a path, where a file with mode 0600 is created; or a stream, which is left open
 * @throws Error if there is no recording, or the page cannot be written; then no file is left. RangeError for `events`
 * below 1
 */
export async function writeReport(
  path: string | readonly string[],
  target: Target,
  { events = MOST_EVENTS, progress, signal, force }: ReportOptions = {},
): Promise<Reported> {
  if (!(events >= 1)) throw new RangeError(`events takes a number from 1 on, not ${events}`);
  return writeWhole(target, { force }, async (put) => {
    const gatherings = await gather(seriesAt(path), events, progress, signal);
    const page = documentOf(await compress(pageDataOf(gatherings, version())));
    signal?.throwIfAborted();
    await put(page);
    return { bytes: page.length, series: gatherings.map(reported) };
  });
}

/** Reads all recordings. Other work gets turns meanwhile. */
async function gather(
  all: readonly Series[],
  most: number,
  progress: ReportOptions["progress"],
  signal: AbortSignal | undefined,
): Promise<readonly Gathering[]> {
  const gatherings = all.map((series) => new Gathering(series, most));
  const tell = (): void =>
    progress?.({
      rows: sum(gatherings.map(({ events }) => events)),
      bytes: sum(gatherings.map(({ bytes }) => bytes)),
      lost: sum(gatherings.flatMap(({ lost }) => [...lost.values()])),
    });
  let since = performance.now();
  for (const gathering of gatherings) {
    for (const reading = gathering.read(); !reading.next().done;) {
      if (performance.now() - since < TURN_MS) continue;
      tell();
      await setImmediate();
      signal?.throwIfAborted();
      since = performance.now();
    }
  }
  tell();
  return gatherings;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

/** On another thread. The quick level: a higher one takes several times as long for a tenth less. */
function compress(bytes: Uint8Array): Promise<Uint8Array> {
  return promisify(deflate)(bytes, { level: 1 });
}

function reported({ series, events, every, lost }: Gathering): ReportedSeries {
  return { probe: series[0].info.probe, events, every, lost: sum([...lost.values()]) };
}

function version(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
