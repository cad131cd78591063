import type { Option, Options } from "@rxbpf/probes/define";
import { type Command, Option as Flag } from "commander";

/** The flag of an option. */
export class OptionFlag extends Flag {
  /** The possible values, if they can be listed. */
  readonly choicesOf: Option<unknown>["choices"];

  /** Its long name, its letter, its check. */
  constructor(name: string, option: Option<unknown>) {
    const long = longOf(name, option);
    const names = option.short ? `-${option.short}, ${long}` : long;
    const isAlone = option.kind === "flag" || option.kind === "command";
    super(isAlone ? names : `${names} <${option.value}>`, option.help);
    this.choicesOf = option.choices;
    const parse = (given: string): unknown => option.parse(given, long);
    if (option.kind === "list")
      this.argParser((value, before?: unknown) =>
        before === undefined ? parse(value) : [before, parse(value)].flat(),
      );
    else if (!isAlone) this.argParser(parse);
  }
}

/** The flags of an option: its own and, for an option with another name, one that the help does not list. */
export function flagsOf(name: string, option: Option<unknown>): readonly Flag[] {
  const own = new OptionFlag(name, option);
  if (option.alias === undefined) return [own];
  const other = new OptionFlag(name, { ...option, long: option.alias, short: "" }).hideHelp();
  other.attributeName = () => own.attributeName();
  return [own, other];
}

function longOf(name: string, option: Option<unknown>): string {
  return `--${option.long ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The options that can be given on the command line. */
export function givenByFlags(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, { kind }]) => kind !== "object"));
}

/** Adds flags to a command. Returns a function that gives their values, by option, after parsing. */
export function addFlags(command: Command, options: Options): () => Record<string, unknown> {
  const names = Object.entries(givenByFlags(options)).map(([name, option]) => {
    const flags = flagsOf(name, option);
    for (const flag of flags) command.addOption(flag);
    return [name, flags[0]!.attributeName()] as const;
  });
  return () => {
    const given = command.opts<Record<string, unknown>>();
    return Object.fromEntries(names.flatMap(([name, flag]) => (flag in given ? [[name, given[flag]]] : [])));
  };
}
