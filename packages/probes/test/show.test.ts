import * as probes from "@rxbpf/probes";
import { biolatency, opensnoop, profile, runqlat, syscount, tcpconnect } from "@rxbpf/probes";
import { type AnyProbe, isProbe, outputOf, UsageError } from "@rxbpf/probes/define";
import { expect, test } from "vitest";

const all = Object.values<unknown>(probes).filter(isProbe) as AnyProbe[];
const outputs = all.flatMap((probe) => Object.keys(probe.outputs).map((name) => ({ probe, name })));

test("every output can show names, but for those whose rows belong to no process", () => {
  const unable = outputs.filter(({ probe, name }) => !("cgroupId" in probe.outputs[name]!.schema.fields));
  expect(unable.map(({ probe, name }) => `${probe.definition.name} ${name}`).sort()).toEqual([
    "biolatency latencies",
    "tcpconnect count",
  ]);
  for (const { probe, name } of outputs.filter((one) => !unable.includes(one))) {
    const with_ = probe.outputs[name]!;
    const options = "ofProcessWith" in with_ ? { [(with_.ofProcessWith as string[])[0]!]: true } : {};
    const { schema } = outputOf(probe, name)({ ...options, show: ["cgroup"] }).info;
    expect([probe.definition.name, "cgroupPath" in schema.fields]).toEqual([probe.definition.name, true]);
  }
});

test("names are given as a list or in one word, each once, in the order of their columns", () => {
  const heads = (show: unknown) =>
    opensnoop({ show: show as [] })
      .info.columns()
      .slice(0, -5)
      .map(({ head }) => head.trim());
  expect(heads("unit,container")).toEqual(["UNIT", "CONTAINER"]);
  expect(heads(["pod", "unit,pod", "cgroup"])).toEqual(["POD", "UNIT", "CGROUP"]);
});

test("what cannot be shown is wrong usage, in a line that says why", () => {
  expect(() => opensnoop({ show: ["web"] as never })).toThrow(
    new UsageError('show takes one of container unit pod cgroup, not "web"'),
  );
  expect(() => biolatency({ show: ["unit"] } as never)).toThrow(
    new UsageError("show shows the names of processes' cgroups, and no row belongs to a process here"),
  );
  expect(() => runqlat({ show: ["unit"] })).toThrow(
    new UsageError("show goes with pids or tids: without, no row belongs to a process"),
  );
  expect(() => syscount({ show: ["unit"] })).toThrow(UsageError);
  expect(() => tcpconnect.count({ show: ["unit"] } as never)).toThrow(UsageError);
});

test("an id is shown as engines show it, stacks and hostile names stay in their line", () => {
  const [column] = opensnoop({ show: ["container"] }).info.columns();
  expect(column!.cell({ container: "0123456789abcdef".repeat(4) })).toBe("0123456789ab     ");
  expect(column!.cell({ container: "a\nb\u001b[2J" })).toBe("a\\nb\\x1b[2J      ");
  const row = { pid: 7, comm: "sh", kernelStack: [], userStack: [], count: 3, container: "a\n;b", cgroupPath: "/x" };
  const text = (options: object) => profile({ show: ["container", "cgroup"], ...options }).info.tableText!;
  expect(text({})({ rows: [row] } as never)).toContain("sh (7), container = a\\n;b, cgroup = /x\n        3\n");
  expect(text({ folded: true })({ rows: [row] } as never)).toBe("a\\n:b;/x;sh 3\n");
});
