import { printable, printableJson } from "@rxbpf/core";
import { type Nameable, nameables } from "@rxbpf/filters";
import type { Command } from "commander";

import { aligned } from "../aligned.js";

/** Of a container's id, as the engines show it. */
const SHORT_ID = 12;

/** `rxbpf containers`: what a trace can be narrowed to by a name. */
export function addContainers(program: Command): void {
  program
    .command("containers")
    .description("list what --container, --pod and --unit can name: containers, pods, systemd units and slices")
    .option("--json", "write one JSON document")
    .action(({ json }: { json?: boolean }) => {
      const found = nameables();
      if (json) console.log(printableJson(JSON.stringify(found)));
      else for (const line of aligned([HEADING, ...found.map(row)])) console.log(line);
    });
}

const HEADING = ["KIND", "NAME", "ID", "POD", "ENGINE", "CGROUPID", "PROCS", "CGROUP"];

function row({ kind, name, containerId, pod, podUid, engine, cgroupId, processes, path }: Nameable): string[] {
  const isContainer = kind === "container";
  const words = [
    name === containerId ? "-" : name,
    containerId?.slice(0, SHORT_ID) ?? (kind === "pod" ? podUid! : "-"),
    (isContainer ? (pod ?? podUid) : undefined) ?? "-",
    engine ?? "-",
  ];
  return [kind, ...words.map(printable), String(cgroupId), String(processes), printable(path)];
}
