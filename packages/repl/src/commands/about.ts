import { Argument, type Command } from "commander";

import { completions } from "../completion/completions.js";
import { SCRIPTS } from "../completion/scripts.js";
import { STATUSES } from "../process/exit.js";
import { itemList } from "../flags/help-text.js";
import { manPage } from "./man.js";
import { version } from "../version.js";

const INSTALL = `
bash: source <(rxbpf completion bash)          to keep it: add the line to ~/.bashrc
zsh:  source <(rxbpf completion zsh)           to keep it: add the line to ~/.zshrc, after compinit
fish: rxbpf completion fish | source           to keep it: rxbpf completion fish > ~/.config/fish/completions/rxbpf.fish`;

/** Commands about rxbpf itself: `help`, `version`, `completion`, `man`. */
export function addAbout(program: Command): void {
  program
    .command("help")
    .description("show what a command does and its flags")
    .argument("[command...]", "the command, such as: rxbpf help map add")
    .allowUnknownOption()
    .action(async (words: string[]) => {
      await program.parseAsync([...words, "--help"], { from: "user" });
    });

  program
    .command("version")
    .description("print the version")
    .action(() => console.log(version()));

  program
    .command("completion")
    .description("print a script with which a shell completes rxbpf's commands, flags and values")
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(SCRIPTS)))
    .addHelpText("after", INSTALL)
    .action((shell: keyof typeof SCRIPTS) => void process.stdout.write(SCRIPTS[shell]));

  program
    .command("complete", { hidden: true })
    .argument("[words...]")
    .action((words: string[]) => {
      for (const line of completions(program, words)) console.log(line);
    });

  program
    .command("man")
    .description("print the manual page: rxbpf man | man -l -")
    .action(() => void process.stdout.write(manPage(program)));

  program.addHelpText("after", () => itemList(program, "Exit status", STATUSES));
}
