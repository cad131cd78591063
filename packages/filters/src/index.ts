import type { Setting } from "@rxbpf/core";
export function narrow(_: { readonly cgroupmap?: string; readonly mntnsmap?: string }): Setting {
  return {};
}
