import { cgroupId, cgroupIdBytes } from "@rxbpf/filters";
import { type Command, Argument } from "commander";

/** `rxbpf cgroupid`: BCC's example program of that name. */
export function addCgroupid(program: Command): void {
  program
    .command("cgroupid")
    .description("print the id of a cgroup, given its directory")
    .addArgument(
      new Argument("<format>", "number, or hex: the bytes of a key, for bpftool map").choices(["number", "hex"]),
    )
    .argument("<path>", "a directory of cgroup v2")
    .action((format: string, path: string) => {
      console.log(
        format === "number"
          ? String(cgroupId(path))
          : Buffer.from(cgroupIdBytes(path)).toString("hex").match(/../g)?.join(" "),
      );
    });
}
