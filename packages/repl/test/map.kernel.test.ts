import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { cgroupId, mountNamespaceOfProcess } from "@rxbpf/filters";
import { describe, expect, onTestFinished, test } from "vitest";

import { bpftool, dumpIds, keyWords, makeCgroup, pinPath } from "../../../testing/kernel-objects.js";
import { powerless } from "../../../testing/privileges.js";
import { type Shell, startShell } from "../../../testing/shell.js";

const MAIN = fileURLToPath(new URL("../bin/rxbpf.cjs", import.meta.url));

/** Runs the command to its end. */
function rxbpf(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

const silent = { status: 0, stdout: "", stderr: "" };

describe("rxbpf cgroupid", () => {
  test("prints the id as a number, or its bytes as bpftool takes them", () => {
    const cgroup = makeCgroup();
    const inode = execFileSync("stat", ["-c", "%i", cgroup], { encoding: "utf8" });
    expect(rxbpf("cgroupid", "number", cgroup)).toEqual({ ...silent, stdout: inode });
    expect(rxbpf("cgroupid", "hex", cgroup)).toEqual({
      ...silent,
      stdout: `${keyWords(Number(inode)).slice(2).join(" ")}\n`,
    });
  });

  test("fails for a path that is no cgroup, without letting it forge a line, and for a format that it does not know", () => {
    expect(rxbpf("cgroupid", "hex", "/no\n/such")).toEqual({
      status: 1,
      stdout: "",
      stderr: "rxbpf: Cannot get the cgroup id of /no\\n/such: there is no such path\n",
    });
    expect(rxbpf("cgroupid", "print-hex", "/")).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringContaining("<format> takes one of number hex"),
    });
    expect(rxbpf("cgroupid", "hex")).toMatchObject({ status: 2, stdout: "" });
  });
});

describe("rxbpf map", () => {
  test("list without a path lists all sets that are pinned, whoever made them, and no other maps", () => {
    const [ours, bpftools, other, folder] = [pinPath(), pinPath(), pinPath(), pinPath()];
    const dead = makeCgroup();
    const deadId = cgroupId(dead);
    expect(rxbpf("map", "create", ours, "--type", "cgroup")).toEqual(silent);
    expect(rxbpf("map", "add", ours, makeCgroup(), dead)).toEqual(silent);
    rmdirSync(dead);
    mkdirSync(folder);
    const shape = ["type", "hash", "key", "8", "value", "4", "entries", "10"];
    bpftool("map", "create", `${folder}/below`, ...shape, "name", "mnt_ns_set");
    bpftool("map", "create", bpftools, ...shape, "name", "mount_ns_set");
    bpftool("map", "create", other, ...shape, "name", "counts");

    const { status, stdout } = rxbpf("map", "list");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^TYPE +MEMBERS +DEAD +PATH\n/);
    const lines = stdout
      .split("\n")
      .filter((line) => [ours, bpftools, other, folder].some((pin) => line.includes(pin)));
    expect(lines.map((line) => line.split(/ +/)).sort()).toEqual(
      [
        ["cgroup", "2", "1", ours],
        ["mntns", "0", "0", bpftools],
        ["mntns", "0", "0", `${folder}/below`],
      ].sort(),
    );
    const listed = JSON.parse(rxbpf("map", "list", "--json", "--type", "cgroup").stdout) as { path: string }[];
    expect(listed.find(({ path }) => path === ours)).toMatchObject({
      type: "cgroup",
      members: expect.arrayContaining([{ id: deadId, dead: true }]),
    });
    expect(listed.some(({ path }) => path === bpftools)).toBe(false);
  });

  test("a set that a trace made is gone with it, if nothing came into it", () => {
    const folder = pinPath();
    const { status, stderr } = rxbpf("opensnoop", "--cgroupmap", `${folder}/set`, "--duration", "0.2");
    expect(status).toBe(0);
    expect(stderr).toContain(`made ${folder}/set, an empty set of cgroups, and will remove it if it stays empty`);
    expect(existsSync(folder)).toBe(false);
  });

  test("makes, edits, asks and removes a set", async () => {
    const pin = pinPath();
    const [one, other] = [makeCgroup(), makeCgroup()];
    const shell = await startShell();
    shell.enter(other);

    expect(rxbpf("map", "create", pin, "--type", "cgroup", "--entries", "5")).toEqual(silent);
    expect(bpftool("map", "show", "pinned", pin)).toMatchObject({
      name: "cgroupset",
      max_entries: 5,
    });
    expect(rxbpf("map", "add", pin, one, `pid:${shell.pid}`, "999999999")).toEqual(silent);
    expect(dumpIds(pin)).toEqual([cgroupId(one), cgroupId(other), 999999999]);
    expect(rxbpf("map", "has", pin, one)).toEqual(silent);
    expect(rxbpf("map", "delete", pin, one, `${cgroupId(other)}`)).toEqual(silent);
    expect(rxbpf("map", "has", pin, one)).toEqual({ ...silent, status: 1 });
    expect(rxbpf("map", "delete", pin, one)).toEqual({
      status: 1,
      stdout: "",
      stderr: `rxbpf: Cannot delete ${one} from ${pin}: not in the set\n`,
    });
    expect(rxbpf("map", "unpin", pin)).toEqual(silent);
    expect(existsSync(pin)).toBe(false);
  });

  test("lists cgroups, and a hostile name of one cannot forge a line", () => {
    const pin = pinPath();
    const cgroup = makeCgroup();
    const hostile = `${cgroup}/\u001b[2J\u202eb`;
    mkdirSync(hostile);
    onTestFinished(() => rmdirSync(hostile));
    rxbpf("map", "create", pin, "--type", "cgroup");
    rxbpf("map", "add", pin, cgroup, hostile, "999999999");
    const ids = [cgroup, hostile].map((path) => String(cgroupId(path)).padEnd(9));

    expect(rxbpf("map", "list", pin).stdout).toBe(
      `ID         CGROUP\n${ids[0]}  ${cgroup}\n${ids[1]}  ${cgroup}/\\x1b[2J\\u202eb\n999999999  (dead)\n`,
    );
    const { stdout } = rxbpf("map", "list", pin, "--json");
    expect(stdout).not.toContain("\u202e");
    expect(JSON.parse(stdout)).toEqual([
      { id: cgroupId(cgroup), dead: false, path: cgroup },
      { id: cgroupId(hostile), dead: false, path: hostile },
      { id: 999999999, dead: true },
    ]);
  });

  test("lists mount namespaces with their processes, and a hostile name of one cannot forge a line", async () => {
    const pin = pinPath();
    const shell = await startShell(["unshare", "-m", "bash"]);
    await shell.run("printf 'x\\033[2J' > /proc/$$/comm");
    const id = mountNamespaceOfProcess(shell.pid);
    rxbpf("map", "create", pin, "--type", "mntns");
    expect(rxbpf("map", "add", pin, `/proc/${shell.pid}/ns/mnt`)).toEqual(silent);

    expect(rxbpf("map", "list", pin).stdout).toBe(`ID          PROCESSES\n${id}  ${shell.pid} x\\x1b[2J\n`);
    expect(JSON.parse(rxbpf("map", "list", pin, "--json").stdout)).toEqual([
      { id, dead: false, processes: [{ pid: shell.pid, comm: "x\u001b[2J" }] },
    ]);
  });

  test("takes --type for a map that does not tell what it is a set of", () => {
    const pin = pinPath();
    const cgroup = makeCgroup();
    bpftool("map", "create", pin, ..."type hash key 8 value 1 entries 3 name x flags 0".split(" "));
    expect(rxbpf("map", "add", pin, cgroup)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("say which with --type\n"),
    });
    expect(rxbpf("map", "add", pin, cgroup, "--type", "cgroup", "--force")).toEqual(silent);
    expect(dumpIds(pin)).toEqual([cgroupId(cgroup)]);
  });

  test("leaves other programs' maps alone, of whatever shape", () => {
    const pin = pinPath();
    const cgroup = makeCgroup();
    bpftool("map", "create", pin, ..."type hash key 8 value 8 entries 3 name sessions flags 0".split(" "));
    for (const words of [
      ["add", pin, cgroup],
      ["delete", pin, cgroup],
      ["unpin", pin],
    ])
      expect(rxbpf("map", ...words)).toEqual({
        status: 1,
        stdout: "",
        stderr: `rxbpf: Cannot change ${pin}: its map is called sessions, and may be another program's; if it is a set, give --force (in a script: force: true)\n`,
      });
    expect(dumpIds(pin)).toEqual([]);
    expect(rxbpf("map", "list", pin)).toMatchObject({ status: 0 });
    expect(rxbpf("map", "unpin", pin, "--force")).toEqual(silent);
    expect(existsSync(pin)).toBe(false);
  });

  test("names the capability that it lacks, and then leaves nothing", () => {
    const directory = pinPath();
    const { status, stderr } = spawnSync(
      "setpriv",
      [...powerless(), process.execPath, MAIN, "map", "create", `${directory}/set`, "--type", "cgroup"],
      { encoding: "utf8" },
    );
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `rxbpf: Cannot create ${directory}/set: CAP_BPF is missing; run as root, or grant CAP_BPF\n`,
    });
    expect(existsSync(directory)).toBe(false);
  });

  describe("where no BPF file system is mounted", () => {
    /** Starts a shell where that is so; what it mounts goes with it. `$rxbpf` is the command. */
    const startBare = async (): Promise<Shell> => {
      const shell = await startShell(["unshare", "--mount", "bash"]);
      await shell.run(
        `rxbpf="${process.execPath} ${MAIN}"; while mountpoint -q /sys/fs/bpf; do umount /sys/fs/bpf; done`,
      );
      return shell;
    };

    test("mounts it, for root alone, as bpftool does", async () => {
      const [cgroup, shell] = [makeCgroup(), await startBare()];
      expect(await shell.run("$rxbpf map create /sys/fs/bpf/sets/web --type cgroup")).toBe("");
      expect(await shell.run(`$rxbpf map add /sys/fs/bpf/sets/web ${cgroup}; echo $?`)).toBe("0");
      expect(await shell.run("stat -f -c %T /sys/fs/bpf; stat -c %a /sys/fs/bpf")).toBe("bpf_fs\n1700");
      const dump = await shell.run("bpftool -j map dump pinned /sys/fs/bpf/sets/web");
      expect(JSON.parse(dump)).toMatchObject([
        {
          key: keyWords(cgroupId(cgroup))
            .slice(2)
            .map((byte) => `0x${byte}`),
        },
      ]);
    });

    test("mounts it for a set that a trace makes", async () => {
      const shell = await startBare();
      expect(await shell.run("$rxbpf opensnoop --cgroupmap /sys/fs/bpf/new --duration 1; echo $?")).toMatch(/\n0$/);
      expect(await shell.run("stat -f -c %T /sys/fs/bpf")).toBe("bpf_fs");
    });

    test("says the command to mount it where it may not, and what is missing elsewhere", async () => {
      const shell = await startBare();
      const may = ["setpriv", ...powerless("bpf", "perfmon"), "$rxbpf"].join(" ");
      expect(await shell.run(`${may} map create /sys/fs/bpf/web --type cgroup; echo $?`)).toBe(
        "rxbpf: Cannot create /sys/fs/bpf/web: no BPF file system is mounted on /sys/fs/bpf; run: sudo mount -t bpf bpf /sys/fs/bpf\n1",
      );
      expect(await shell.run("$rxbpf map create /sys/fs/bpf/a/b/web --type cgroup")).toBe(
        "rxbpf: Cannot create /sys/fs/bpf/a/b/web: there is no directory /sys/fs/bpf/a",
      );
      expect(await shell.run("$rxbpf map list /sys/fs/bpf/web")).toContain("there is no such path");
      expect(await shell.run("stat -f -c %T /sys/fs/bpf")).toBe("sysfs");
    });
  });

  test("ends with 2 for a wrong command line, and says what the command takes", () => {
    const pin = pinPath();
    expect(rxbpf("map")).toMatchObject({ status: 2, stdout: "" });
    expect(rxbpf("map", "make", pin)).toEqual({
      status: 2,
      stdout: "",
      stderr: "rxbpf: unknown command 'make'; the commands are create add delete has list unpin\n",
    });
    expect(rxbpf("map", "create", pin)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("--type"),
    });
    expect(rxbpf("map", "create", pin, "--type", "pid")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("--type takes one of cgroup mntns, not"),
    });
    expect(rxbpf("map", "create", pin, "--type", "cgroup", "--entries", "0")).toMatchObject({
      status: 2,
    });
    expect(rxbpf("map", "add", pin)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("target"),
    });
    expect(existsSync(pin)).toBe(false);
  });
});
