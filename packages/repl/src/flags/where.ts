import { type AnyProbe, checkCondition, UsageError } from "@rxbpf/probes/define";
import { Option as Flag } from "commander";

/** Checks the condition that `--where` gives, if it is given. @throws UsageError */
export async function checkWhere(
  probe: AnyProbe,
  output: string,
  { where }: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (typeof where === "string") await checkCondition(where, probe, output);
}

/** The flag `--where` of a probe that takes no conditions: it says why. */
export function noWhere(probe: string): Flag {
  return new Flag("--where <EXPRESSION>").hideHelp().argParser(() => {
    throw new UsageError(`${probe} counts in the kernel and has no events for --where to test; narrow it by its flags`);
  });
}
