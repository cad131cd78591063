import { cgroupId, cgroupIdOfProcess, mountNamespaceOfProcess, PinnedSet, type SetKind } from "@rxbpf/filters";
import { type OpenEvent, opensnoop } from "@rxbpf/probes";
import { filter, firstValueFrom, ReplaySubject } from "rxjs";
import { describe, expect, onTestFinished, test } from "vitest";

import { holdings } from "../../../testing/holdings.js";
import { bpftool, keyWords, makeCgroup, pinPath, uniqueName } from "../../../testing/kernel-objects.js";
import { type Shell, startShell } from "../../../testing/shell.js";

const OWN_NAMESPACE = ["unshare", "-m", "bash"] as const;

function makeSet(type: SetKind): PinnedSet {
  const set = PinnedSet.create(pinPath(), type);
  onTestFinished(() => set.close());
  return set;
}

/** Traces until the test ends. What was asked of it is answered from the events of that time. */
function watch(options: NonNullable<Parameters<typeof opensnoop>[0]>) {
  const events: OpenEvent[] = [];
  const seen = new ReplaySubject<OpenEvent>();
  const subscription = opensnoop(options).subscribe(seen);
  subscription.add(seen.subscribe({ next: (event) => events.push(event), error: () => {} }));
  onTestFinished(() => subscription.unsubscribe());
  return {
    shown: (path: string) => firstValueFrom(seen.pipe(filter((event) => event.path === path))),
    /** Which of these paths have come so far, in order. */
    among: (paths: readonly string[]) => events.map(({ path }) => path).filter((path) => paths.includes(path)),
  };
}

/** Lets a shell open a file of a name of its own. The order of calls is the order of opens. */
async function openIn(shell: Shell, name: string = uniqueName()): Promise<string> {
  const path = `/tmp/${name}`;
  await shell.run(`cat ${path}`);
  return path;
}

describe("opensnoop with a set of cgroups", () => {
  test("shows what a shell in the cgroup opens, and not what one outside does", async () => {
    const cgroup = makeCgroup();
    const [inside, outside] = [await startShell(), await startShell()];
    inside.enter(cgroup);
    const set = makeSet("cgroup");
    set.add(cgroup);

    const trace = watch({ cgroupmap: set.path });
    const hidden = await openIn(outside);
    const shown = await openIn(inside);
    expect(await trace.shown(shown)).toMatchObject({
      comm: "cat",
      cgroupId: cgroupId(cgroup),
      ppid: inside.pid,
    });
    expect(trace.among([hidden, shown])).toEqual([shown]);
  });

  test("matches the very cgroup, not one below it", async () => {
    const outer = makeCgroup();
    const inner = makeCgroup(outer, "leaf");
    const [above, below] = [await startShell(), await startShell()];
    above.enter(outer);
    below.enter(inner);
    const set = makeSet("cgroup");
    set.add(outer);

    const trace = watch({ cgroupmap: set.path });
    const paths = [await openIn(below), await openIn(above)];
    await trace.shown(paths[1]!);
    expect(trace.among(paths)).toEqual([paths[1]]);
  });
});

describe("opensnoop with a set of mount namespaces", () => {
  test("shows what a shell in the namespace opens, and not what one outside does", async () => {
    const [inside, outside] = [await startShell(OWN_NAMESPACE), await startShell()];
    const set = makeSet("mntns");
    set.add({ pid: inside.pid });

    const trace = watch({ mntnsmap: set.path });
    const hidden = await openIn(outside);
    const shown = await openIn(inside);
    expect(await trace.shown(shown)).toMatchObject({
      mntnsId: mountNamespaceOfProcess(inside.pid),
      ppid: inside.pid,
    });
    expect(trace.among([hidden, shown])).toEqual([shown]);
  });
});

test("with both sets an event must satisfy both, with one that one, with none none", async () => {
  const cgroup = makeCgroup();
  const shells = {
    neither: await startShell(),
    cgroup: await startShell(),
    mntns: await startShell(OWN_NAMESPACE),
    both: await startShell(OWN_NAMESPACE),
  };
  shells.cgroup.enter(cgroup);
  shells.both.enter(cgroup);
  const [cgroups, namespaces] = [makeSet("cgroup"), makeSet("mntns")];
  cgroups.add(cgroup);
  namespaces.add({ pid: shells.mntns.pid }, { pid: shells.both.pid });

  const traces = {
    none: watch({}),
    cgroupmap: watch({ cgroupmap: cgroups.path }),
    mntnsmap: watch({ mntnsmap: namespaces.path }),
    both: watch({ cgroupmap: cgroups.path, mntnsmap: namespaces.path }),
  };
  const names = uniqueName();
  const paths: string[] = [];
  for (const [name, shell] of Object.entries(shells)) paths.push(await openIn(shell, `${names}-${name}`));

  // The shell in both opens last, and every trace shows it.
  const last = paths.at(-1)!;
  const shown: Record<string, string[]> = {};
  for (const [name, trace] of Object.entries(traces)) {
    await trace.shown(last);
    shown[name] = trace.among(paths).map((path) => path.slice(path.lastIndexOf("-") + 1));
  }
  expect(shown).toEqual({
    none: ["neither", "cgroup", "mntns", "both"],
    cgroupmap: ["cgroup", "both"],
    mntnsmap: ["mntns", "both"],
    both: ["both"],
  });
});

describe.each(["here", "by bpftool"])("edits of a set, %s, take effect at once while it is in use", (by) => {
  const valueSize = { cgroup: 8, mntns: 4 } as const;
  const add = (set: PinnedSet, id: number): void => {
    if (by === "here") set.add(id);
    else
      bpftool(
        "map",
        "update",
        "pinned",
        set.path,
        ...keyWords(id),
        "value",
        ...Array(valueSize[set.type]).fill("0"),
        "any",
      );
  };
  const remove = (set: PinnedSet, id: number): void => {
    if (by === "here") set.delete(id);
    else bpftool("map", "delete", "pinned", set.path, ...keyWords(id));
  };

  test.each(["cgroup", "mntns"] as const)("%s", async (type) => {
    const set = makeSet(type);
    const cgroups = [makeCgroup(), makeCgroup()] as const;
    const [edited, member] = [await startShell(OWN_NAMESPACE), await startShell(OWN_NAMESPACE)];
    edited.enter(cgroups[0]);
    member.enter(cgroups[1]);
    set.add({ pid: member.pid });
    const id = { cgroup: cgroupIdOfProcess, mntns: mountNamespaceOfProcess }[type](edited.pid);

    const trace = watch(type === "cgroup" ? { cgroupmap: set.path } : { mntnsmap: set.path });
    const before = await openIn(edited);
    add(set, id);
    const during = await openIn(edited);
    remove(set, id);
    const after = await openIn(edited);
    const end = await openIn(member);

    await trace.shown(end);
    expect(trace.among([before, during, after, end])).toEqual([during, end]);
  });
});

test("a map of another shape made by bpftool, with a name and value of its own, narrows as well", async () => {
  const pin = pinPath();
  const cgroup = makeCgroup();
  bpftool("map", "create", pin, ..."type hash key 8 value 40 entries 2 name whatever flags 1".split(" "));
  bpftool("map", "update", "pinned", pin, ...keyWords(cgroupId(cgroup)), "value", ...Array(40).fill("7"), "any");
  const [inside, outside] = [await startShell(), await startShell()];
  inside.enter(cgroup);

  const trace = watch({ cgroupmap: pin });
  const paths = [await openIn(outside), await openIn(inside)];
  await trace.shown(paths[1]!);
  expect(trace.among(paths)).toEqual([paths[1]]);
});

test("a set that cannot be used fails the subscription, and says why", async () => {
  await expect(firstValueFrom(opensnoop({ cgroupmap: "/etc/passwd" }))).rejects.toThrow(
    "Cannot open /etc/passwd: it is not on a BPF file system",
  );
});

test("a stream that shows nothing for some seconds says what its set holds by then", async () => {
  const set = makeSet("cgroup");
  const stream = opensnoop({ cgroupmap: set.path });
  const notices = new ReplaySubject<string>();
  stream.status.subscribe((status) => status.type === "notice" && notices.next(status.message));
  const subscription = stream.subscribe();
  onTestFinished(() => subscription.unsubscribe());
  expect(await firstValueFrom(notices)).toContain(`${set.path} is an empty set of cgroups`);
  set.add(999_999_999);
  expect(await firstValueFrom(notices.pipe(filter((message) => message.startsWith("no event"))))).toBe(
    `no event so far: ${set.path} holds the cgroup 999999999 (dead)`,
  );
});

test("a set that no filter uses is not made in the kernel", () => {
  const subscription = opensnoop().subscribe();
  onTestFinished(() => subscription.unsubscribe());
  const own = new Set(holdings().objects);
  const maps = bpftool("map", "list") as { id: number; name?: string }[];
  const names = maps.filter(({ id }) => own.has(`map ${id}`)).map(({ name }) => name);
  expect(names).toContain("events");
  for (const set of ["cgroup_set", "mntns_set", "netns_set", "tree_members"]) expect(names).not.toContain(set);
});
