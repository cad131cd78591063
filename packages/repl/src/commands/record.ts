import {
  type AnyProbe,
  flag,
  integer,
  list,
  type Option,
  type Options,
  text,
  timeSpan,
  UsageError,
} from "@rxbpf/probes/define";
import { isNats } from "@rxbpf/ship";
import { checkTarget, type Rotation } from "@rxbpf/sinks";
import type { Command } from "commander";

import { catalogue } from "../catalogue.js";
import { addFlags, givenByFlags } from "../flags/flags.js";
import { itemList } from "../flags/help-text.js";
import { dependOnWords, type Given, givenTo, type MoreFlags } from "../flags/more-flags.js";
import { makeReport } from "../recordings/page.js";
import { type Recorded, runRecording } from "../recordings/recording.js";
import { checkUrl } from "../recordings/shipping.js";
import { wordsBeforeHelp } from "../flags/unknown-words.js";
import { COMMAND_HELP, withCommand } from "../flags/traced.js";
import { checkWhere } from "../flags/where.js";

const own = {
  output: text("where to write: a file, or a directory that gets one file for each probe", {
    short: "o",
    value: "PATH",
  }),
  rotateBytes: integer("start a new file after BYTES", { value: "BYTES", min: 1, max: Number.MAX_SAFE_INTEGER }),
  rotateSeconds: timeSpan("start a new file after TIME: seconds, or with a unit: 10m, 1h", {
    value: "TIME",
    unit: "s",
    min: 0.001,
    max: 2_147_483,
  }),
  compress: flag("compress the recording with zstd"),
  keep: integer("keep only the last N files of each probe, counting those of earlier runs", { value: "N", min: 1 }),
  keepBytes: integer("keep each probe's files below BYTES in total, by removing the oldest", {
    value: "BYTES",
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }),
  report: text("also make a page of the recording, which opens in any browser, at the end", { value: "FILE" }),
  force: flag("replace files that exist"),
  batchBytes: integer("write a batch at BYTES, before compression (default: 16 MiB; with --ship nats://, 512 KiB)", {
    value: "BYTES",
    min: 4096,
    max: 64 << 20,
  }),
  ship: list("also send the directory to URL, as rxbpf ship does; repeatable", { value: "URL" }),
  deleteSent: flag("with --ship: remove each file once all of it was sent"),
} as const satisfies Options;

interface Own {
  readonly output?: string;
  readonly rotateBytes?: number;
  readonly rotateSeconds?: number;
  readonly keep?: number;
  readonly keepBytes?: number;
  readonly force?: boolean;
  readonly compress?: boolean;
  readonly report?: string;
  readonly batchBytes?: number;
  readonly ship?: readonly string[];
  readonly deleteSent?: boolean;
}

/** How files are rotated that are sent. */
const SPOOL = { rotateBytes: 64 << 20 } as const;
/** Fits a message of 1 MiB, which NATS takes unless it is told otherwise. */
const NATS_BATCH = 512 << 10;

const SUMMARY = "record events to Arrow files, for `rxbpf replay` and any Arrow reader";

/** `rxbpf record`: the events of probes as Arrow files. */
export function addRecord(program: Command, traced: readonly string[] | undefined): void {
  const command = program
    .command("record")
    .description(`${SUMMARY}\n\n${COMMAND_HELP}`)
    .summary(SUMMARY)
    .usage("PROBE... -o PATH [flags] [-- COMMAND [ARGS...]]")
    .argument("<probe...>", "probes to record; --help after them shows their flags");
  const ownValues = addFlags(command, own);
  const find = (words: readonly string[]): MoreFlags | undefined => {
    const probes = probesIn(words);
    const names = probes.map(({ definition }) => definition.name).join(" and ");
    return probes.length > 0 ? { options: flagsOf(probes), title: `Flags of ${names}` } : undefined;
  };
  const probes = [...catalogue].map(([name, { definition }]) => [name, definition.summary] as const);
  dependOnWords(command, find, () => itemList(command, "Probes", probes));
  command
    .action(() => record(givenTo(command), ownValues() as Own, traced))
    .addHelpText("before", () => {
      checkProbes(givenTo(command, wordsBeforeHelp(command)).words);
      return "";
    });
}

/** The probes that words name; other words are ignored. */
function probesIn(words: readonly string[]): AnyProbe[] {
  return [...new Set(words)].flatMap((word) => catalogue.get(word) ?? []);
}

async function record({ words, values }: Given, ownValues: Own, traced: readonly string[] | undefined): Promise<void> {
  checkProbes(words);
  const probes = probesIn(words);
  if (words.length !== probes.length) throw new UsageError("record takes probes, each once; see: rxbpf record --help");
  const { output, compress, force, report, ship: to = [], deleteSent, ...rest } = ownValues;
  if (output === undefined) throw new UsageError("record needs --output PATH, where to write");
  if (deleteSent && to.length === 0) throw new UsageError("--delete-sent goes with --ship");
  for (const url of to) checkUrl(url);
  const rotation = rotationOf(to.length > 0 ? { ...(rest.rotateSeconds === undefined && SPOOL), ...rest } : rest);
  const batchBytes = rest.batchBytes ?? (to.some(isNats) ? NATS_BATCH : undefined);
  for (const probe of probes) await checkWhere(probe, probe.definition.main, values);
  if (report !== undefined && rotation)
    throw new UsageError("--report goes without --rotate-bytes, --rotate-seconds and --ship; see: rxbpf report --help");
  if (report !== undefined) checkTarget(report, { force });
  await withCommand(traced, values, async (command, within) => {
    const files = await runRecording(
      probes.map((probe): Recorded => ({ probe, values: { ...only(values, probe), ...within } })),
      {
        output,
        rotation,
        batchBytes,
        compression: compress ? "zstd" : undefined,
        force,
        command,
        ship: { to, deleteSent },
      },
    );
    if (report !== undefined) await makeReport(files, report, { force });
  });
}

/** @throws UsageError for a word that is not a probe */
function checkProbes(words: readonly string[]): void {
  const unknown = words.find((name) => !catalogue.has(name));
  if (unknown !== undefined) throw new UsageError(`There is no probe ${JSON.stringify(unknown)}; see: rxbpf list`);
}

function rotationOf({ rotateBytes, rotateSeconds, keep, keepBytes }: Own): Rotation | undefined {
  if (rotateBytes === undefined && rotateSeconds === undefined) {
    if (keep !== undefined || keepBytes !== undefined)
      throw new UsageError("--keep and --keep-bytes go with --rotate-bytes or --rotate-seconds");
    return undefined;
  }
  if (rotateBytes !== undefined && keepBytes !== undefined && keepBytes < 2 * rotateBytes)
    throw new UsageError("--keep-bytes must be at least twice --rotate-bytes");
  return { bytes: rotateBytes, ms: rotateSeconds && rotateSeconds * 1000, keep, keepBytes };
}

/** The flags of some probes together. A letter or name that means different options in them is left out. */
function flagsOf(probes: readonly AnyProbe[]): Options {
  const all = [
    ...Object.entries(own),
    ...probes.flatMap((probe) => Object.entries(givenByFlags(probe.optionsOf(probe.definition.main)))),
  ].filter(([, { kind }]) => kind !== "command") as [string, Option<unknown>][];
  /** Whether a letter or name belongs to one option alone, the same in every probe. */
  const isSure = (
    of: (option: Option<unknown>, name: string) => string | undefined,
    one: string,
    name: string,
  ): boolean => all.every(([other, option]) => (of(option, other) === one) === (other === name));
  const common = all.map(([name, option]): [string, Option<unknown>] => {
    const { short, long, alias, ...rest } = option;
    return [
      name,
      {
        ...rest,
        ...(short !== undefined && isSure(({ short }) => short, short, name) && { short }),
        ...(long !== undefined && isSure(longOf, long, name) && { long }),
        ...(alias !== undefined && isSure(({ alias }) => alias, alias, name) && { alias }),
      },
    ];
  });
  return Object.fromEntries(common.filter(([name]) => !(name in own)));
}

/** The long flag of an option, without its dashes. */
function longOf({ long }: Option<unknown>, name: string): string {
  return long ?? name;
}

function only(values: Readonly<Record<string, unknown>>, probe: AnyProbe): Record<string, unknown> {
  const options = probe.optionsOf(probe.definition.main);
  return Object.fromEntries(Object.entries(values).filter(([name]) => name in options));
}
