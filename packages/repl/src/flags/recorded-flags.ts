import { existsSync } from "node:fs";

import {
  type AnyProbe,
  type AskedOfCgroups,
  askedOfCgroups,
  type AskedOfRecording,
  askedOfRecording,
  cgroupOptions,
  recordedOptions,
} from "@rxbpf/probes/define";
import { isNats, parseAddress } from "@rxbpf/ship";
import { type Series, seriesAt } from "@rxbpf/sinks";
import type { Command } from "commander";

import { catalogue } from "../catalogue.js";
import { tellMissing } from "../recordings/missing.js";
import { itemList } from "./help-text.js";
import { asUsage } from "../recordings/shipping.js";
import { dependOnWords, flagNames, givenTo, type MoreFlags } from "./more-flags.js";

/** Recordings at a path, and the options given for them. */
export interface AskedRecording {
  readonly path: string;
  readonly series: readonly Series[];
  /** Their probe's output; undefined for several probes, or a probe that is not known here. */
  readonly of: RecordedOutput | undefined;
  /** The options that were given: the probe's, or those for all recordings. */
  readonly values: Readonly<Record<string, unknown>>;
  /** What they ask for. */
  readonly asked: AskedOfCgroups & Pick<AskedOfRecording, "matches">;
}

/** An output of a probe that was recorded. */
interface RecordedOutput {
  readonly probe: AnyProbe;
  readonly output: string;
}

/** Makes a command that takes a recording also take the flags of the recording's probe. */
export function addRecordedFlags(command: Command): Command {
  const find = (words: readonly string[]): MoreFlags | undefined => {
    const path = pathIn(words);
    if (path === undefined) return undefined;
    const of = isNats(path) ? outputOn(path) : outputOf(seriesAt(path));
    if (!of) return isNats(path) ? undefined : { options: cgroupOptions, title: "Flags for recordings of any probes" };
    const { name, summary } = of.probe.definition;
    return {
      options: recordedOptions(of.probe, of.output),
      title: `Flags of ${name} (${summary}), which recorded it`,
    };
  };
  return dependOnWords(command, find, () => flagsByProbe(command));
}

/** A server's events, and the options given for them. */
export interface AskedServer extends Pick<AskedRecording, "of" | "values"> {
  readonly url: string;
}

/** The server on a command line, with the options; undefined if it names none. @throws CommanderError */
export function askedServer(command: Command): AskedServer | undefined {
  const path = pathIn(command.args);
  if (path === undefined || !isNats(path)) return undefined;
  const { words, values } = givenTo(command);
  const [url = "", ...others] = words;
  if (others.length > 0) command.error(`error: ${command.name()} takes one URL, not ${words.join(" ")}`);
  return { url, of: outputOn(url), values };
}

/** The output of the probe that a URL names. */
function outputOn(url: string): RecordedOutput | undefined {
  const probe = catalogue.get(asUsage(() => parseAddress(url)).path);
  return probe && { probe, output: probe.definition.main };
}

/** The recording on a command line, with its options. @throws CommanderError; Error if there is no recording */
export function askedRecording(command: Command): AskedRecording {
  const { words, values } = givenTo(command);
  const [path = "", ...others] = words;
  if (others.length > 0) command.error(`error: ${command.name()} takes one recording, not ${words.join(" ")}`);
  const series = seriesAt(path);
  const of = outputOf(series);
  const asked = of ? askedOfRecording(of.probe, of.output, values) : askedOfCgroups(values);
  tellMissing(series, asked);
  return { path, series, of, values, asked };
}

/** The word that names the recording; the other words may be values of flags that are not known yet. */
function pathIn(words: readonly string[]): string | undefined {
  const candidates = words.filter((word) => !word.startsWith("-"));
  return candidates.find((word) => isNats(word) || existsSync(word)) ?? candidates[0];
}

function outputOf(series: readonly Series[]): RecordedOutput | undefined {
  const { info } = series[0]![0];
  const probe = series.length === 1 ? catalogue.get(info.probe) : undefined;
  const output = info.output || probe?.definition.main;
  return probe && output !== undefined && output in probe.outputs ? { probe, output } : undefined;
}

function flagsByProbe(command: Command): string {
  const common = flagNames(cgroupOptions);
  const own = [...catalogue].map(([name, probe]) => {
    const flags = flagNames(recordedOptions(probe, probe.definition.main));
    return [name, flags.filter((flag) => !common.includes(flag)).join(" ")] as const;
  });
  const flags = [...own, ["all", common.join(" ")] as const];
  return itemList(command, "Flags of the probe that made the recording; --help after PATH explains them", flags);
}
