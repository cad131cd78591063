import { beforeAll, expect, test } from "vitest";

import build from "../../../testing/build.js";
import { makeDisk } from "../../../testing/disks.js";
import { temporaryFolder } from "../../../testing/programs.js";
import { rxbpf } from "./cli.js";

const folder = temporaryFolder();
beforeAll(build, 60_000);

test("killsnoop, exitsnoop and biosnoop replay what they recorded, under the options that show more", async () => {
  const disk = makeDisk(folder, 2 ** 20);
  const dd = `dd if=/dev/zero of=${disk.path} bs=4k count=2 oflag=direct status=none`;
  const command = ["sh", "-c", `${dd}; kill -0 $$; exit 3`];
  await rxbpf("record", "killsnoop", "exitsnoop", "biosnoop", "-o", `${folder}/events`, "--", ...command);
  const lines = async (...args: string[]): Promise<string[]> =>
    (await rxbpf("replay", `${folder}/events/${args[0]}.arrow`, ...args.slice(1))).stdout.trimEnd().split("\n");

  const kills = await lines("killsnoop", "-s", "0", "--comm", "sh");
  expect(kills.at(-1)).toMatch(/^\d\d:\d\d:\d\d {2}(\d+) +sh {15}0 {4}\1 +0$/);
  const pid = / (\d+) /.exec(kills.at(-1)!)![1]!;
  const ends = await lines("exitsnoop", "-x", "-p", pid, "--label", "end");
  expect(ends[1]).toMatch(new RegExp(`^end   sh {15}${pid} +\\d+ +${pid} +\\d\\.\\d\\d {4}code 3$`));
  const requests = await lines("biosnoop", "-QP", "-d", disk.name);
  expect(requests.slice(1)).toEqual([
    expect.stringMatching(/^0\.000000 +dd +\d+ +loop\d+ +W 0 +4096 {3}\? +\d+\.\d\d +\d+\.\d\d$/),
    expect.stringMatching(/^0\.\d{6} +dd +\d+ +loop\d+ +W 8 +4096 {3}S +\d+\.\d\d +\d+\.\d\d$/),
  ]);
});

test("syscount replays what it recorded, all of it, and shows as many rows as are asked for", async () => {
  const file = `${folder}/syscount.arrow`;
  await rxbpf("record", "syscount", "--comm", "perl", "-o", file, "--", "perl", "-e", "syscall(111) for 1 .. 7000");
  const { stdout } = await rxbpf("replay", file, "-T", "1");
  expect(stdout).toMatch(/\n\[\d\d:\d\d:\d\d\]\nSYSCALL +COUNT\ngetpgrp +7000\n$/);
  const rows = (await rxbpf("replay", file, "--json")).stdout.trimEnd().split("\n");
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.map((row) => JSON.parse(row) as unknown)).toContainEqual(
    expect.objectContaining({ name: "execve", count: 1, compat: false }),
  );
});

test("tcplife replays the sessions that it recorded, under options that show more", async () => {
  const server = "socket(L,2,1,0); bind(L,sockaddr_in(0,INADDR_LOOPBACK)); listen(L,1); $to = getsockname(L)";
  const client =
    "socket(S,2,1,0); connect(S,$to); accept(A,L); syswrite(S,'x' x 5000); close S; 1 while sysread(A,$_,9000)";
  const file = `${folder}/tcplife.arrow`;
  const perl = ["perl", "-MSocket", "-e", `${server}; ${client}; close A`];
  await rxbpf("record", "tcplife", "--comm", "perl", "-o", file, "--", ...perl);
  const { stdout } = await rxbpf("replay", file, "-tw", "-4");
  const [heading, ...lines] = stdout.trimEnd().split("\n");
  expect(heading).toMatch(/^TIME\(s\) +PID +COMM +IP LADDR /);
  expect(lines).toEqual([
    expect.stringMatching(/^0\.000000 +\d+ +perl +4 +127\.0\.0\.1 +\d+ +127\.0\.0\.1 +\d+ +[04] +[04] +\d+\.\d\d$/),
    expect.stringMatching(/^0\.\d{6} +\d+ +perl +4 +127\.0\.0\.1 +\d+ +127\.0\.0\.1 +\d+ +[04] +[04] +\d+\.\d\d$/),
  ]);
  const local = /127\.0\.0\.1 +(\d+)/.exec(lines[0]!)![1]!;
  const narrowed = (await rxbpf("replay", file, "--json", "-L", local)).stdout.trimEnd().split("\n");
  expect(narrowed.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ localPort: Number(local), comm: "perl" }),
  ]);
});

test("filetop and tcptop replay their tables as they were shown, without the load of now", async () => {
  const listener = "socket(L,2,1,0); bind(L,sockaddr_in(0,INADDR_LOOPBACK)); listen(L,1); $to = getsockname(L)";
  const session = "socket(S,2,1,0); connect(S,$to); accept(A,L); syswrite(S,'x' x 5000); sysread(A,$_,9000)";
  const writing = `open(F,'>','${folder}/a file'); syswrite(F,'x' x 3000) for 1 .. 4`;
  const perl = ["perl", "-MSocket", "-e", `${listener}; ${session}; ${writing}`];
  await rxbpf("record", "filetop", "tcptop", "--write-only", "--comm", "perl", "-o", `${folder}/tops`, "--", ...perl);
  await new Promise((resolve) => setTimeout(resolve, 2500)); // until the load of now is another
  const files = await rxbpf("replay", `${folder}/tops/filetop.arrow`, "-r", "1");
  expect(files.stdout).toMatch(
    /\n\d\d:\d\d:\d\d\nTID +COMM +READS +WRITES +R_Kb +W_Kb +T FILE\n\d+ +perl +0 +4 +0 +11 +R a file\n/,
  );
  expect(files.stdout).not.toContain("loadavg");
  const { stdout } = await rxbpf("replay", `${folder}/tops/tcptop.arrow`, "-S");
  expect(stdout).toMatch(
    /\nPID +COMM +LADDR +RADDR +RX_KB +TX_KB\n(\d+ +perl +127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +[04] +[04]\n){2}/,
  );
});

test("syscount --list prints the names of calls, and ends", async () => {
  const { stdout, status } = await rxbpf("syscount", "--list");
  expect(status).toBe(0);
  expect(stdout.split("\n")).toEqual(expect.arrayContaining(["read", "openat2", "socketcall"]));
});

test.each([
  [["-D"], "disk = "],
  [["-F", "-m"], "flags = Idle-Sync-Write"],
])("biolatency %j replays its histograms, named and in its unit", async (flags, name) => {
  const disk = makeDisk(folder, 2 ** 20);
  const dd = `dd if=/dev/zero of=${disk.path} bs=4k count=7 oflag=direct status=none`;
  const file = `${folder}/biolatency${flags.join("")}.arrow`;
  const options = [...flags, "-d", disk.name, "--comm", "dd"];
  await rxbpf("record", "biolatency", ...options, "-o", file, "--", "sh", "-c", dd);
  const { stdout } = await rxbpf("replay", file, "-e");
  const unit = flags.includes("-m") ? "msecs" : "usecs";
  expect(stdout).toContain(`\n${name}${flags.includes("-D") ? disk.name : ""}\n     ${unit} `);
  expect(stdout).toMatch(new RegExp(`\navg = \\d+ ${unit}, total: \\d+ ${unit}, count: 7\n`));
});
