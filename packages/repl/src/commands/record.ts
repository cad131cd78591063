import { type AnyProbe, flag, integer, type Options, text, UsageError } from "@rxbpf/probes";
import type { Rotation } from "@rxbpf/sinks";
import type { Command } from "commander";

import { catalogue } from "../catalogue.js";
import { addFlags } from "../flags.js";
import { type Recorded, runRecording } from "../recording.js";
import { withCommand } from "../traced.js";

const own = {
  output: text("where to: a file, or a directory that gets one file for each probe", { short: "o", value: "PATH" }),
  rotateBytes: integer("go on in a new file after BYTES", { value: "BYTES", min: 1, max: Number.MAX_SAFE_INTEGER }),
  rotateSeconds: integer("go on in a new file after SECONDS", { value: "SECONDS", min: 1, max: 2_147_483 }),
  compress: flag("compress what is recorded, with zstd"),
  keep: integer("keep only the last N files of each probe, those of earlier runs counted", { value: "N", min: 1 }),
  keepBytes: integer("keep the files of each probe below BYTES together, by removing the oldest", {
    value: "BYTES",
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  }),
  force: flag("replace what is there already"),
} as const satisfies Options;

interface Own {
  readonly output?: string;
  readonly rotateBytes?: number;
  readonly rotateSeconds?: number;
  readonly keep?: number;
  readonly keepBytes?: number;
  readonly force?: boolean;
  readonly compress?: boolean;
}

/** `rxbpf record`: the events of probes as Arrow files. */
export function addRecord(program: Command, run: readonly string[] | undefined): void {
  program
    .command("record")
    .description("record probes as Arrow files; flags are those of the probes: rxbpf record PROBE... --help")
    .argument("[probe...]", "probes; --help after them shows their flags")
    .allowUnknownOption()
    .helpOption(false)
    .passThroughOptions()
    .action(async (_probes: string[], _options: object, command: Command) => {
      await record(command, command.args, run);
    });
}

async function record(parent: Command, words: readonly string[], run: readonly string[] | undefined): Promise<void> {
  // Which flags there are depends on the probes, wherever they stand.
  const probes = [...new Set(words)].flatMap((word) => catalogue.get(word) ?? []);
  const command = parent
    .createCommand("rxbpf record")
    .description("record probes as Arrow files, which `rxbpf replay` and every reader of Arrow read")
    .usage("PROBE... -o PATH [flags] [-- COMMAND [ARGS...]]")
    .argument("[probe...]", `of ${[...catalogue.keys()].join(" ")}`)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const ownValues = addFlags(command, own);
  const values = addFlags(command, flagsOf(probes));
  command.parse([...words], { from: "user" });

  const unknown = command.args.find((name) => !catalogue.has(name));
  if (unknown !== undefined) throw new UsageError(`There is no probe ${JSON.stringify(unknown)}; see: rxbpf list`);
  if (command.args.length !== probes.length || probes.length === 0)
    throw new UsageError("record takes probes, each once; see: rxbpf record --help");
  const { output, compress, force, ...rest } = ownValues() as Own;
  if (output === undefined) throw new UsageError("record takes --output PATH: where to write");
  const rotation = rotationOf(rest);
  const recorded = probes.map((probe): Recorded => ({ probe, values: only(values(), probe) }));
  await withCommand(run, values(), async (command, within) => {
    await runRecording(
      recorded.map(({ probe, values }) => ({ probe, values: { ...values, ...within } })),
      { output, rotation, compression: compress ? "zstd" : undefined, force, command },
    );
  });
}

function rotationOf({ rotateBytes, rotateSeconds, keep, keepBytes }: Own): Rotation | undefined {
  if (rotateBytes === undefined && rotateSeconds === undefined) {
    if (keep !== undefined || keepBytes !== undefined)
      throw new UsageError("--keep and --keep-bytes go with --rotate-bytes or --rotate-seconds");
    return undefined;
  }
  if (rotateBytes !== undefined && keepBytes !== undefined && keepBytes < 2 * rotateBytes)
    throw new UsageError("--keep-bytes takes at least twice what --rotate-bytes takes");
  return { bytes: rotateBytes, ms: rotateSeconds && rotateSeconds * 1000, keep, keepBytes };
}

/** The flags of some probes together. A letter that means different options has none. */
function flagsOf(probes: readonly AnyProbe[]): Options {
  const all = probes
    .flatMap((probe) => Object.entries(probe.optionsOf(probe.definition.main)))
    .filter(([, { kind }]) => kind !== "command" && kind !== "object");
  const meanings = new Map<string, Set<string>>(Object.values(own).map(({ short }) => [short ?? "", new Set(["own"])]));
  for (const [name, { short = "" }] of all) meanings.set(short, (meanings.get(short) ?? new Set()).add(name));
  return Object.fromEntries(
    all.map(([name, option]) => {
      const { short, ...rest } = option;
      return [name, short !== undefined && meanings.get(short)!.size === 1 ? option : rest];
    }),
  );
}

function only(values: Readonly<Record<string, unknown>>, probe: AnyProbe): Record<string, unknown> {
  const options = probe.optionsOf(probe.definition.main);
  return Object.fromEntries(Object.entries(values).filter(([name]) => name in options));
}
