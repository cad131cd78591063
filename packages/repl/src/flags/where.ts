import { type AnyProbe, checkCondition } from "@rxbpf/probes/define";

/** Checks the condition that `--where` gives, if it is given. @throws UsageError */
export async function checkWhere(
  probe: AnyProbe,
  output: string,
  { where }: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (typeof where === "string") await checkCondition(where, probe, output);
}
