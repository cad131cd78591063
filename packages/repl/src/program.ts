import { Command } from "commander";

import { addAbout } from "./commands/about.js";
import { addCgroupid } from "./commands/cgroupid.js";
import { addContainers } from "./commands/containers.js";
import { addList } from "./commands/list.js";
import { addMap } from "./commands/map.js";
import { addProbes } from "./commands/probes.js";
import { addRecord } from "./commands/record.js";
import { addRecordings } from "./commands/recordings.js";
import { addReplay } from "./commands/replay.js";
import { addReport } from "./commands/report.js";
import { addRun } from "./commands/run.js";
import { addShip } from "./commands/ship.js";
import { refuseUnknownBeforeHelp } from "./flags/unknown-words.js";
import { version } from "./version.js";

/**
 * The command line: all commands with their flags. Parsing, help, completion and the man page follow from it.
 * @param traced the words after `--`: a command to trace
 */
export function makeProgram(traced: readonly string[] | undefined): Command {
  const program = new Command("rxbpf")
    .description(
      "BCC's tools as typed observables: trace opens, execs, TCP sessions and more, on the whole machine or in one container.",
    )
    .version(version(), "-V, --version", "print the version")
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  addProbes(program, traced);
  addRecord(program, traced);
  addReplay(program);
  addShip(program);
  addRun(program);
  addRecordings(program);
  addReport(program);
  addList(program);
  addContainers(program);
  addCgroupid(program);
  addMap(program);
  addAbout(program);
  return refuseUnknownBeforeHelp(program);
}
