import type { Command, Help } from "commander";

/** Lines of help in the form of those for flags: terms and their meaning. */
export function itemList(
  command: Command,
  title: string,
  items: readonly (readonly [term: string, text: string])[],
): string {
  const help = helpOf(command);
  const width = Math.max(...items.map(([term]) => term.length));
  return `\n${title}:\n${items.map(([term, text]) => help.formatItem(term, width, text, help)).join("\n")}`;
}

/** The flags of a command as its help lists them. */
export function flagList(command: Command, title: string): string {
  const help = helpOf(command);
  const flags = command.options.map((flag) => [help.optionTerm(flag), help.optionDescription(flag)] as const);
  return itemList(command, title, flags);
}

function helpOf(command: Command): Help {
  const help = command.createHelp();
  help.prepareContext({ helpWidth: process.stdout.columns ?? 80 });
  return help;
}
