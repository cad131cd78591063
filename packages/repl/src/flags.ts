import type { Option, Options } from "@rxbpf/probes";
import { type Command, Option as Flag } from "commander";

/** The flag of an option: its long name, its letter, its check. */
export function flagOf(name: string, option: Option<unknown>): Flag {
  const long = longOf(name, option);
  const flags = option.short ? `-${option.short}, ${long}` : long;
  const parse = (given: string): unknown => option.parse(given, long);
  switch (option.kind) {
    case "flag":
    case "command":
      return new Flag(flags, option.help);
    case "list":
      return new Flag(`${flags} <${option.value}>`, option.help).argParser((value, before?: unknown[]) => [
        ...(before ?? []),
        ...(parse(value) as unknown[]),
      ]);
    default:
      return new Flag(`${flags} <${option.value}>`, option.help).argParser(parse);
  }
}

function longOf(name: string, option: Option<unknown>): string {
  return `--${option.long ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The options that can be given on the command line. */
export function givenByFlags(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, { kind }]) => kind !== "object"));
}

/** Adds flags to a command. Returns what gives their values, by option, once the command was parsed. */
export function addFlags(command: Command, options: Options): () => Record<string, unknown> {
  const names = Object.entries(givenByFlags(options)).map(([name, option]) => {
    const flag = flagOf(name, option);
    command.addOption(flag);
    return [name, flag.attributeName()] as const;
  });
  return () => {
    const given = command.opts<Record<string, unknown>>();
    return Object.fromEntries(names.flatMap(([name, flag]) => (flag in given ? [[name, given[flag]]] : [])));
  };
}
