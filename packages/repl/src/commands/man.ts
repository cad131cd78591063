import type { Command } from "commander";

import { STATUSES } from "../process/exit.js";

const EXAMPLES: readonly (readonly [what: string, line: string])[] = [
  ["What files does a program look for and not find?", "rxbpf opensnoop -x -- ls"],
  ["What does a build run?", "rxbpf execsnoop -- make"],
  [
    "Record ten minutes of opens and execs, and show the opens that failed:",
    "rxbpf record opensnoop execsnoop -o trace/ --duration 10m",
  ],
  ["", "rxbpf replay trace/opensnoop.arrow -x"],
  ["Trace one container, or what a service runs:", "rxbpf opensnoop --container web"],
  ["", "rxbpf execsnoop --unit nginx"],
  ["Trace what is in a set that can be edited meanwhile:", "rxbpf map create /sys/fs/bpf/web --type cgroup"],
  ["", "rxbpf map add /sys/fs/bpf/web pid:4711"],
  ["", "rxbpf opensnoop --cgroupmap /sys/fs/bpf/web"],
];

/** The manual page of the command, in the man macros of roff. */
export function manPage(program: Command): string {
  const commands = program.createHelp().visibleCommands(program);
  return [
    `.TH RXBPF 1 "" "rxbpf ${program.version()}" "User Commands"`,
    ".SH NAME",
    "rxbpf \\- BCC's tools as typed observables: trace a machine, a container or a command",
    ".SH SYNOPSIS",
    ".B rxbpf",
    ".br",
    `.B rxbpf`,
    ".I command",
    "[flags]",
    ".SH DESCRIPTION",
    text("Without a command, rxbpf opens a prompt, where you compose streams of kernel events in TypeScript."),
    text("With a command, it traces, records, or shows a recording. Tracing needs root, or CAP_BPF and CAP_PERFMON."),
    ".SH COMMANDS",
    ...commands.flatMap((command) => section(command, "")),
    ".SH EXIT STATUS",
    ...STATUSES.flatMap(([status, meaning]) => [".TP", `.B ${escape(status)}`, text(meaning)]),
    ".SH EXAMPLES",
    ...EXAMPLES.flatMap(([what, line], i) => [
      ...(i > 0 ? [".PP"] : []),
      ...(what === "" ? [] : [text(what)]),
      ".EX",
      `    ${escape(line)}`,
      ".EE",
    ]),
    ".SH SEE ALSO",
    ".BR bpftool (8),",
    ".BR bpf (2)",
    "",
  ].join("\n");
}

/** A command, and those below it. */
function section(command: Command, path: string): string[] {
  const help = command.createHelp();
  const name = `${path}${command.name()}`;
  const below = help.visibleCommands(command);
  const [first = "", ...others] = command.description().split("\n\n");
  return [
    `.SS ${escape(name)} ${escape(command.usage())}`,
    text(first),
    ...others.flatMap((paragraph) => [".PP", text(paragraph)]),
    ...help.visibleArguments(command).flatMap((one) => [".TP", `.I ${escape(one.name())}`, text(one.description)]),
    ...command.options.flatMap((flag) => [
      ".TP",
      `.B ${escape(help.optionTerm(flag))}`,
      text(help.optionDescription(flag)),
    ]),
    ...below.flatMap((one) => section(one, `${name} `)),
  ];
}

function text(words: string): string {
  return escape(words.replaceAll(/\s*\n\s*/g, " ").trim());
}

/** Escapes text for roff. */
function escape(words: string): string {
  const escaped = words
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga");
  return escaped.replace(/^\./, "\\&.");
}
