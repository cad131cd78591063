import type { Field } from "@rxbpf/core";
import { cgroupNames, u64 } from "@rxbpf/core/events";

/** The cgroup of the process that a row of a table belongs to. @param when which rows belong to one, if not all do */
export function cgroupFields(when?: string): { readonly cgroupId: Field<number> } & typeof cgroupNames {
  const doc = "id of the process's cgroup in the v2 hierarchy";
  return { cgroupId: u64(when === undefined ? doc : `${when}: ${doc}; else 0`), ...cgroupNames };
}
