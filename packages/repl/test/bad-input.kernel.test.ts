import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { cgroupId, cgroupMounts, mountNamespaceOfProcess } from "@rxbpf/filters";
import { describe, expect, onTestFinished, test } from "vitest";

import { inKernel, unheld } from "../../../testing/holdings.js";
import { bpftool, keyWords, makeCgroup, pinPath } from "../../../testing/kernel-objects.js";
import { powerless } from "../../../testing/privileges.js";
import { compileProgram, type Outcome, temporaryFolder } from "../../../testing/programs.js";
import { commandLine, runThrough } from "./cli.js";

const folder = temporaryFolder();
const withoutRights = ["setpriv", ...powerless()];
const repository = fileURLToPath(new URL("../../..", import.meta.url));

const pins = (): string[] => readdirSync("/sys/fs/bpf").filter((name) => name.startsWith(`rxbpf-test-${process.pid}-`));

/**
 * Runs `rxbpf`, which is to fail: it says why in one line, prints nothing else, and leaves nothing in the kernel.
 * Gives that line. `through` is a command that becomes it.
 */
async function complaint(status: number, args: readonly string[], through: readonly string[] = []): Promise<string> {
  const before = { unheld: unheld(), pins: pins() };
  const outcome: Outcome = await runThrough(through, ...args);
  expect(outcome).toMatchObject({ status, stdout: "", stderr: expect.stringMatching(/^rxbpf: [^\p{C}]+\n$/u) });
  expect(pins()).toEqual(before.pins);
  // The kernel frees things a moment after their process; other programs come and go meanwhile.
  const left = unheld().filter((object) => !before.unheld.includes(object));
  await expect.poll(() => inKernel(left), { timeout: 10_000 }).toEqual([]);
  return outcome.stderr.slice("rxbpf: ".length, -1);
}
const failure = (args: readonly string[], through?: readonly string[]) => complaint(1, args, through);
const wrongUsage = (...args: readonly string[]) => complaint(2, args);

describe("a set that cannot be used", () => {
  const create = (words: string): string => {
    const pin = pinPath();
    bpftool("map", "create", pin, ...`${words} name wrong`.split(" "));
    return pin;
  };

  test("a path that is not on bpffs", async () => {
    const file = path.join(folder, "set");
    expect(await failure(["opensnoop", "--cgroupmap", file])).toBe(
      `Cannot create ${file}: ${folder} is not on a BPF file system; give a path below /sys/fs/bpf`,
    );
    expect(existsSync(file)).toBe(false);
    expect(await failure(["execsnoop", "--mntnsmap", "/etc/passwd"])).toMatch(
      /^Cannot open \/etc\/passwd: it is not on/,
    );
    expect(await failure(["opensnoop", "--cgroupmap", "/no/such/path"])).toMatch(/^Cannot create \/no\/such\/path: /);
    expect(await failure(["opensnoop", "--cgroupmap", "/sys/fs/bpf"])).toMatch(/: it is a directory; give the path/);
  });

  test("a map of another shape", async () => {
    const array = create("type array key 4 value 8 entries 1");
    expect(await failure(["opensnoop", "--cgroupmap", array])).toBe(
      `Cannot use ${array} as a set: its map is of type array, not hash`,
    );
    const narrow = create("type hash key 4 value 8 entries 1");
    expect(await failure(["opensnoop", "--mntnsmap", narrow])).toBe(
      `Cannot use ${narrow} as a set: the keys of its map have 4 bytes, not 8`,
    );
  });

  test("a pinned program", async () => {
    const pin = pinPath();
    const object = path.join(folder, "pinned.bpf.o");
    const source = '__attribute__((section("socket"))) int program(void *context) { return 0; }';
    writeFileSync(object, compileProgram(source, folder));
    execFileSync("bpftool", ["prog", "load", object, pin]);
    expect(await failure(["opensnoop", "--cgroupmap", pin])).toBe(
      `Cannot open ${pin} as a pinned map: another kind of object is pinned there`,
    );
  });

  test("an id of the wrong kind in it, also beside a set that is then not made", async () => {
    const [cgroups, namespaces] = [
      create("type hash key 8 value 8 entries 1"),
      create("type hash key 8 value 4 entries 1"),
    ];
    const mntns = mountNamespaceOfProcess(process.pid);
    const cgroup = cgroupId(makeCgroup());
    bpftool("map", "update", "pinned", cgroups, ...keyWords(mntns), "value", ...Array<string>(8).fill("0"));
    bpftool("map", "update", "pinned", namespaces, ...keyWords(cgroup), "value", ...Array<string>(4).fill("0"));

    expect(await failure(["opensnoop", "--cgroupmap", cgroups])).toBe(
      `Cannot narrow to ${cgroups}: it holds ${mntns}, which is a mount-namespace id; use --mntnsmap`,
    );
    expect(await failure(["execsnoop", "--cgroupmap", pinPath(), "--mntnsmap", namespaces])).toBe(
      `Cannot narrow to ${namespaces}: it holds ${cgroup}, which is a cgroup id; use --cgroupmap`,
    );
  });
});

describe("cgroupid", () => {
  const cgroup2 = cgroupMounts()[0]!.path;

  test("of a directory that is none of cgroup v2 says where those are", async () => {
    expect(await failure(["cgroupid", "number", folder])).toBe(
      `Cannot get the cgroup id of ${folder}: it is not on a cgroup v2 file system; cgroup v2 is mounted at ${cgroup2}`,
    );
    const mounted = `mount -t cgroup -o none,name=rxbpf-test none '${folder}' && exec "$@"`;
    expect(await failure(["cgroupid", "hex", folder], ["unshare", "-m", "sh", "-c", mounted, "sh"])).toBe(
      `Cannot get the cgroup id of ${folder}: it belongs to cgroup v1, which has no such ids; cgroup v2 is mounted at ${cgroup2}`,
    );
  });

  test("of a missing path, and of a file of a cgroup", async () => {
    expect(await failure(["cgroupid", "number", "/no/such"])).toBe(
      "Cannot get the cgroup id of /no/such: there is no such path",
    );
    expect(await failure(["cgroupid", "number", `${cgroup2}/cgroup.procs`])).toMatch(
      /: it is a file; give the cgroup's directory$/,
    );
  });
});

describe("a machine on which it cannot run", () => {
  test("without capabilities it names them", async () => {
    expect(await failure(["execsnoop"], withoutRights)).toBe(
      "Cannot load execsnoop: CAP_BPF and CAP_PERFMON are missing; run as root, or grant CAP_BPF and CAP_PERFMON",
    );
    const pin = pinPath();
    expect(await failure(["opensnoop", "--cgroupmap", pin], withoutRights)).toBe(
      "Cannot load opensnoop: CAP_BPF and CAP_PERFMON are missing; run as root, or grant CAP_BPF and CAP_PERFMON",
    );
  });

  test("the command of --exec is not run then, and its process does not stay", async () => {
    const made = path.join(folder, "made");
    const [command, ...args] = [...withoutRights, ...commandLine("opensnoop", "--exec", "touch", made)];
    const child = spawn(command!, args, { detached: true, stdio: "ignore" });
    expect(await once(child, "exit")).toEqual([1, null]);
    // Its process group is empty.
    await expect.poll(() => existsSync(`/proc/${child.pid}`)).toBe(false);
    expect(() => process.kill(-child.pid!, 0)).toThrow("ESRCH");
    expect(existsSync(made)).toBe(false);
  });

  test("without libbpf it says what to install", async () => {
    const library = execFileSync("sh", ["-c", "ldconfig -p | sed -n 's/.*libbpf.so.1.*=> //p'"], { encoding: "utf8" });
    expect(await failure(["opensnoop"], instead(file("empty", ""), library.trim()))).toMatch(
      /^Cannot load libbpf\.so\.1: .*file too short; on Debian and Ubuntu: apt-get install libbpf1$/,
    );
  });
});

function file(name: string, content: string | Uint8Array): string {
  const made = path.join(folder, name);
  writeFileSync(made, content);
  return made;
}

/** What runs a command with another file in a file's place, which nobody else sees. */
function instead(other: string, file: string): string[] {
  return ["unshare", "-m", "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh", other, file];
}

describe("a compiled program that is not ours", () => {
  const shipped = (probe: string): string => path.join(repository, `packages/probes/bpf/${probe}.bpf.o`);

  /** The program of a probe with a change to its source, compiled. */
  function changed(probe: string, from: string, to: string): string[] {
    const source = readFileSync(path.join(repository, `bpf/${probe}.bpf.c`), "utf8");
    expect(source).toContain(from);
    return instead(file("changed.bpf.o", compileProgram(source.replaceAll(from, to), folder)), shipped(probe));
  }

  test("garbage, and nothing at all", async () => {
    expect(
      await failure(["opensnoop"], instead(file("garbage", "garbage".repeat(1000)), shipped("opensnoop"))),
    ).toMatch(/^Cannot open the BPF object opensnoop: .*not a proper ELF object/);
    expect(await failure(["execsnoop"], instead(file("empty", ""), shipped("execsnoop")))).toMatch(
      /^Cannot open the BPF object execsnoop: EINVAL/,
    );
  });

  test("that of another probe", async () => {
    expect(await failure(["opensnoop"], instead(shipped("execsnoop"), shipped("opensnoop")))).toBe(
      "Cannot read open_event: the program and its schema differ: the program has no struct open_event",
    );
  });

  test("one whose event differs from its schema, with every difference", async () => {
    expect(await failure(["execsnoop"], changed("execsnoop", "truncated", "cut"))).toBe(
      "Cannot read exec_event: the program and its schema differ: the program has no truncated; the schema has no cut",
    );
  });

  test("one that the verifier refuses, with the line that says why", async () => {
    const careless = changed("execsnoop", "if (!record)\n\t\treturn 0;", "");
    expect(await failure(["execsnoop"], careless)).toMatch(
      /^Cannot load execsnoop: EACCES: R\d type=scalar expected=fp, /,
    );
  });

  test("one with a hook that this kernel does not have", async () => {
    const hookless = changed("execsnoop", "tp_btf/sched_process_exec", "tp_btf/no_such_tracepoint");
    expect(await failure(["execsnoop"], hookless)).toMatch(
      /^Cannot load execsnoop: this kernel has no hook tp_btf\/no_such_tracepoint$/,
    );
  });

  test("one of which the kernel accepts no variant, with the reason of the last", async () => {
    const hook = 'SEC("tp_btf/no_such_tracepoint")\nint BPF_PROG(sys_exit, struct pt_regs *regs, long ret)';
    const hookless = changed("opensnoop", "AT_SYSCALL_END(sys_exit)", hook);
    expect(await failure(["opensnoop"], hookless)).toMatch(
      /^Cannot trace with opensnoop: this kernel accepts none of its 4 variants; the last: .*no_such_tracepoint/,
    );
  });
});

describe("a command line that cannot be understood", () => {
  test.each([
    [
      "an unknown command",
      ["nosuch"],
      /^unknown command 'nosuch'; the commands are bashreadline .* execsnoop .* opensnoop .*/,
    ],
    ["a command that is nearly one", ["opensnop"], /Did you mean opensnoop\?/],
    ["an argument that is no choice", ["completion", "tcsh"], /^<shell> takes one of bash zsh fish, not "tcsh"; see: /],
    [
      "a flag's value that is no choice",
      ["map", "create", "/sys/fs/bpf/x", "--type", "pid"],
      /^--type takes one of cgroup mntns, not "pid"; see: /,
    ],
    ["a word that only shells say", ["help", "nosuch"], /^unknown command 'nosuch'; the commands are (?!.* complete )/],
    ["an unknown option", ["opensnoop", "--nosuch"], /^unknown option '--nosuch'; see: rxbpf opensnoop --help$/],
    ["an unknown short option", ["execsnoop", "-Z"], /^unknown option '-Z'; see: rxbpf execsnoop --help$/],
    [
      "an unknown option of a command of map",
      ["map", "list", "--x"],
      /^unknown option '--x'; see: rxbpf map list --help$/,
    ],
    ["an option of all", ["--nosuch"], /^unknown option '--nosuch'; the commands are /],
    ["an option without its value", ["opensnoop", "--pid"], /^option '-p, --pid <PID>' argument missing; /],
    ["no number", ["opensnoop", "-p", "abc"], /^--pid takes a whole number from 1 to 4294967295, not "abc"$/],
    ["a number too small", ["opensnoop", "--duration", "0"], /^--duration takes a time from 0\.001 to /],
    ["a number too big", ["execsnoop", "--args-size", "32769"], /^--args-size takes a whole number from 1 to 32768, /],
    ["an unknown user", ["execsnoop", "-u", "no such"], /^--uid takes a user id or the name of a user, not "no such"$/],
    ["no regular expression", ["execsnoop", "-n", "("], /^--name takes a regular expression: /],
    ["an unknown flag of open", ["opensnoop", "-f", "O_NO"], /^--flag_filter takes one of O_RDONLY .*, not "O_NO"$/],
    [
      "a buffer of no power of two",
      ["opensnoop", "--ring-bytes", "5000"],
      /^The buffer takes a power of two, not 5000/,
    ],
    ["an empty path", ["opensnoop", "--cgroupmap", ""], /^--cgroupmap takes a string that is not empty, not ""$/],
    ["what no option takes", ["opensnoop", "ls", "-x"], /^opensnoop takes options only, not ls -x$/],
    ["what list does not take", ["list", "more"], /^too many arguments for 'list'. Expected 0 arguments but got 1; /],
    ["an unknown format", ["cgroupid", "octal", "/"], /^<format> takes one of number hex, not "octal"; see: /],
    ["too few arguments", ["cgroupid"], /^missing required argument 'format'; see: rxbpf cgroupid --help$/],
    ["--exec without a command", ["opensnoop", "--exec"], /^exec takes a command$/],
    [
      "a word that a terminal would obey",
      ["opensnoop", "--no\n\u001b[31m"],
      /^unknown option '--no\\n\\x1b\[31m'; see/,
    ],
  ])("%s", async (_, args, expected) => {
    expect(await wrongUsage(...args)).toMatch(expected);
  });
});

describe("stdout that takes nothing", () => {
  const words = (...args: string[]): string =>
    commandLine(...args)
      .map((word) => `'${word}'`)
      .join(" ");
  /** Runs a line of bash and gives what it printed, and the status of the first command of a pipe. */
  function bash(line: string): { stdout: string; stderr: string; status: string } {
    const stderr = file("stderr", "");
    const stdout = execFileSync("bash", ["-c", `{ ${line}; echo "status \${PIPESTATUS[0]}"; } 2> '${stderr}'`], {
      encoding: "utf8",
      timeout: 20_000,
    });
    const [, output = "", status = ""] = /^([^]*)status (\d+)\n$/.exec(stdout) ?? [];
    return { stdout: output, stderr: readFileSync(stderr, "utf8"), status };
  }

  test.each([
    [["opensnoop"], /^PID +COMM +FD ERR PATH\n$/],
    [["opensnoop", "--json"], /^\{.*\}\n$/],
  ])("a reader that leaves after a line ends %j quietly", (args, expected) => {
    const opens = spawn("sh", ["-c", "while cat /dev/null; do sleep 0.05; done"], { stdio: "ignore" });
    onTestFinished(() => void opens.kill());
    const { stdout, ...rest } = bash(`${words(...args)} | head -1`);
    expect(stdout).toMatch(expected);
    expect(rest).toEqual({ stderr: "", status: "0" });
  });

  test.each([["--help"], ["--version"], ["list"], ["opensnoop", "--help"]])(
    "a reader that has left before ends %s quietly",
    (...args) => {
      expect(bash(`{ sleep 0.3; ${words(...args)}; } | true`)).toEqual({ stdout: "", stderr: "", status: "0" });
    },
  );

  test.each([["--help"], ["list"], ["opensnoop"], ["execsnoop", "--json"]])("a full disk ends %s with 1", (...args) => {
    const execs = spawn("sh", ["-c", "while cat /dev/null; do sleep 0.05; done"], { stdio: "ignore" });
    onTestFinished(() => void execs.kill());
    expect(bash(`${words(...args)} > /dev/full`)).toEqual({
      stdout: "",
      stderr: "rxbpf: Cannot write to stdout: no space left on device; free some space, or write elsewhere\n",
      status: "1",
    });
  });
});

describe("a function of a file that cannot be traced is one line that says why", () => {
  test.each([
    ["/nosuch", "no such file or directory"],
    ["/etc", "it is a directory; give the path of a program or a library"],
    ["/etc/passwd", "it is not a program; give the path of a program or a library"],
    ["/bin/ls", "it has no function readline"],
  ])("%s", async (path, state) => {
    expect(await complaint(1, ["bashreadline", "-s", path])).toBe(`Cannot trace readline of ${path}: ${state}`);
  });
});
