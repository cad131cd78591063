// Runs alone in a guest: makes events for every probe and looks for exactly these.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { isDeepStrictEqual } from "node:util";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, release } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const RXBPF = "/node_modules/rxbpf/bin/rxbpf.cjs";
/** Without hardware virtualization a guest is many times slower. */
const PATIENCE_MS = 60_000;
const CPUS = [...Array(availableParallelism()).keys()];

/** The checks, by a sentence that must be true. Each throws if it is not. */
const checks = {
  "the kernel is not the host's": () => {
    const { btf } = JSON.parse(readFileSync("/host.json", "utf8"));
    differ("the size of its types", statSync("/sys/kernel/btf/vmlinux").size, btf);
  },

  "opensnoop reports opens, and why others failed, on every processor": async () => {
    const onEach = CPUS.map((cpu) => `taskset ${(1 << cpu).toString(16)} cat /init /missing`).join("; ");
    const events = await recorded(["opensnoop"], `${onEach}; true`);
    const told = events
      .filter(({ comm, path }) => comm === "cat" && ["/init", "/missing"].includes(path))
      .map(({ cpu, path, ret }) => [cpu, path, ret < 0 ? ret : 0]);
    same(
      "cat's opens",
      told,
      CPUS.flatMap((cpu) => [
        [cpu, "/init", 0],
        [cpu, "/missing", -2],
      ]),
    );
  },

  "opensnoop prints them as they happen": async () => {
    const live = spawn(process.execPath, [RXBPF, "opensnoop", "-n", "cat"], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: live.stdout })[Symbol.asyncIterator]();
    await lines.next();
    await shell("cat /missing-live; true");
    const late = setTimeout(() => live.kill("SIGKILL"), PATIENCE_MS);
    const texts = [];
    do texts.push((await lines.next()).value ?? "(the end)");
    while (!/missing-live|the end/.test(texts.at(-1)));
    clearTimeout(late);
    live.kill("SIGINT");
    if (!/^\d+ +cat +-1 +2 \/missing-live$/.test(texts.at(-1))) throw new Error(`it printed ${JSON.stringify(texts)}`);
  },

  "opensnoop reports opens through io_uring with their results": async () => {
    const events = await recorded(["opensnoop"], "mkdir /tmp/uring; touch /tmp/uring/made; uring kinds /tmp/uring");
    const told = events.filter(({ ioUring }) => ioUring).map(({ comm, path, ret }) => [comm, path, Math.min(ret, 0)]);
    const byPath = told.toSorted(([, a], [, b]) => (a < b ? -1 : 1));
    same("opens", byPath, [
      ["uring", "made", 0],
      ["uring", "made by uring", 0],
      ["uring", "missing", -2],
    ]);
  },

  "opensnoop reports the opened file's path, and where a missing one was looked for": async () => {
    const script =
      "ln -s /init /tmp/link; cd /tmp; cat link; mkdir jail; cp /bin/busybox jail; chroot jail /busybox cat /none; true";
    const events = await recorded(["opensnoop", "--full-path"], script);
    const told = events
      .filter(({ path }) => /^\/init$|link$|none$/.test(path))
      .map(({ path, ret }) => [path, Math.min(ret, 0)]);
    same("opens", told, [
      ["/init", 0],
      ["/tmp/jail/none", -2],
    ]);
  },

  "opensnoop reports the result that a process gets, once": async () => {
    const ways = ["trap", "errno", "notify", "alarm", "restart"];
    const events = await recorded(
      ["opensnoop"],
      `${ways.map((way) => `sandbox ${way} openat /init`).join("; ")}; true`,
    );
    const told = events.filter(({ comm, path }) => comm === "sandbox" && path === "/init").map(({ ret }) => ret);
    same("results", told, [-115, -122, -18, -4, -18]);
  },

  "opensnoop reports opens through io_uring beyond the room for waiting ones, and those whose ring is full":
    async () => {
      const lines = ["echo | attacks batch 3000", "attacks opens 20000 </dev/null", "attacks crowded 30 </dev/null"];
      const events = await recorded(["opensnoop"], lines.join("; "));
      const told = events.filter((event) => event.ioUring && isOfNobody(event));
      same("opens", told.length, 23_030);
      same("those with a result", told.filter(({ ret }) => ret > 0).length, 3_030);
    },

  "no event of tasks that compete for a processor is lost": async () => {
    for (const { what, count, probe, isOne } of BUSY) {
      const events = await recorded([probe], `busy 2 ${count} ${what}`);
      same(`events of ${probe}`, events.filter(isOne).length, 2 * count);
    }
  },

  "nearly all connections of competing tasks are reported, and the others are counted as lost": async () => {
    const made = 2 * 1_000;
    await run("record", "tcpconnect", "-o", "/tmp/busy.arrow", "--", "busy", "2", "1000", "connect");
    const { stdout } = await run("replay", "/tmp/busy.arrow", "--json");
    const told = lines(stdout).filter(({ comm }) => comm === "busy").length;
    const lost = lines(stdout).reduce((sum, { type, count }) => sum + (type === "lost" ? count : 0), 0);
    console.log(`  ${told} told, ${lost} lost`);
    same("connections told and lost", told + lost, made);
    if (lost > made / 100) throw new Error(`${lost} of ${made} are lost`);
  },

  "a condition narrows it, in the kernel": async () => {
    const condition = 'e.ret < 0 && e.comm === "cat" && e.path.startsWith("/mis") && !e.path.endsWith("ed")';
    const script = "cat /init /missing /misused /mislaid; head /missing; true";
    const events = await recorded(["opensnoop", "--where", condition], script);
    same(
      "opens",
      events.map(({ comm, path }) => [comm, path]),
      ["/missing", "/mislaid"].map((path) => ["cat", path]),
    );
  },

  "every probe that gives events takes a condition": async () => {
    const condition = 'e.pid > 1 && ["cat", "sh"].includes(e.comm) && e.execId !== 5';
    for (const probe of [
      "biosnoop",
      "execsnoop",
      "exitsnoop",
      "gethostlatency",
      "killsnoop",
      "opensnoop",
      "tcpaccept",
      "tcpconnect",
      "tcplife",
      "tcptracer",
    ]) {
      const { stderr } = await run(probe, "--where", condition, "--duration", "0.1");
      same(`what ${probe} says of it`, /where: /.test(stderr), false);
    }
  },

  "a set of cgroups narrows it": async () => {
    await rxbpf("map", "create", "/sys/fs/bpf/cgroups", "--type", "cgroup");
    await shell("mkdir /sys/fs/cgroup/inside");
    await rxbpf("map", "add", "/sys/fs/bpf/cgroups", "/sys/fs/cgroup/inside");
    const live = spawn(process.execPath, [RXBPF, "opensnoop", "--json", "--cgroupmap", "/sys/fs/bpf/cgroups"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    live.stdout.setEncoding("utf8").on("data", (part) => (text += part));
    const script = "cat /outside; echo $$ > /sys/fs/cgroup/inside/cgroup.procs; cat /inside; true";
    await until(() => shell(script), once(live.stdout, "data"));
    live.kill("SIGINT");
    await once(live, "close");
    const events = lines(text);
    same("opens", [...new Set(events.filter(isOfCat).map((event) => event.path))], ["/inside"]);
    same(
      "processes that are not in it",
      events.filter(({ comm }) => comm === "node"),
      [],
    );
  },

  "a set of mount namespaces narrows it, and others may edit it": async () => {
    await rxbpf("map", "create", "/sys/fs/bpf/namespaces", "--type", "mntns");
    const inside = `node ${RXBPF} map add /sys/fs/bpf/namespaces pid:$$; cat /inside; true`;
    const events = await recorded(
      ["opensnoop", "--mntnsmap", "/sys/fs/bpf/namespaces"],
      `cat /outside; unshare -m sh -c '${inside}'`,
    );
    same("opens", [...new Set(events.filter(isOfCat).map((event) => event.path))], ["/inside"]);
  },

  "a tree of processes narrows it, with those whose parents have ended": async () => {
    const root = spawn("sh", ["-c", "while read go; do ( (sleep 1; cat /inside) & ) done"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const live = spawn(process.execPath, [RXBPF, "opensnoop", "--json", "--tree", String(root.pid)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    live.stdout.setEncoding("utf8").on("data", (part) => (text += part));
    const open = () => {
      root.stdin.write("go\n");
      return shell("cat /outside; sleep 1");
    };
    await until(open, once(live.stdout, "data"));
    live.kill("SIGINT");
    await once(live, "close");
    root.kill();
    same(
      "opens",
      [
        ...new Set(
          lines(text)
            .filter(isOfCat)
            .map((event) => event.path),
        ),
      ],
      ["/inside"],
    );
  },

  "the kernel accepts every probe with all filters on": async () => {
    const ids = ["pid", "tid", "ppid", "tree", "netns", "mntns"].flatMap((flag) => [`--${flag}`, "1"]);
    const filters = [...ids, "--uid", "0", "--comm", "a", "--comm", "b", "--cgroup-tree", "/sys/fs/cgroup"];
    const names = (await rxbpf("list")).split("\n").map((line) => line.split(" ")[0]);
    // Those at uprobes need files that are not here.
    for (const name of names.filter((one) => one && !["bashreadline", "gethostlatency"].includes(one)))
      await rxbpf(name, ...filters, "--duration", "0.1");
  },

  "execsnoop reports programs with their arguments, and those that cannot start": async () => {
    const command = ["sh", "-c", "/bin/echo one 'two three'; /bin/none; true"];
    const events = await recordedOf(["execsnoop", "--fails"], command, ["--fails"]);
    const told = events
      .filter(({ filename }) => /^\/bin\/(echo|none)$/.test(filename))
      .map(({ filename, args, ret }) => [filename, args, ret]);
    same("programs", told, [
      ["/bin/echo", ["/bin/echo", "one", "two three"], 0],
      ["/bin/none", ["/bin/none"], -2],
    ]);
  },

  "execsnoop reports which file runs, and which arguments of a script are the caller's": async () => {
    const script = "printf '#!/bin/sh -e\\n' > /tmp/script; chmod +x /tmp/script; cd /tmp; ./script one";
    const events = await recorded(["execsnoop"], script);
    const told = events.filter(({ comm }) => comm === "script");
    same(
      "the script",
      told.map(({ filename, file, cwd, args, interpreterArgs }) => ({ filename, file, cwd, args, interpreterArgs })),
      [
        {
          filename: "./script",
          file: "/bin/busybox",
          cwd: "/tmp",
          args: ["./script", "one"],
          interpreterArgs: ["/bin/sh", "-e", "./script", "one"],
        },
      ],
    );
  },

  "the TCP probes report a connection from both sides": async () => {
    const talk = `
      const server = net.createServer((socket) => socket.end()).listen(0, "127.0.0.1", () => {
        const client = net.connect(server.address().port, "127.0.0.1").resume();
        client.on("close", () => server.close());
      });`;
    const command = ["node", "-e", `const net = require("node:net"); ${talk}`];
    const events = await recordedOf(["tcpconnect", "tcpaccept", "tcptracer"], command);
    const ofType = (type) => events.filter((event) => event.comm === "node" && (event.type ?? "") === type);
    same(
      "sessions",
      ["connect", "accept", "close"].map((type) => ofType(type).length),
      [1, 1, 2],
    );
    const ends = ({ localPort, remotePort }) => [localPort, remotePort];
    const [connect] = ofType("connect");
    const [accept] = ofType("accept");
    same("the ends of connect and accept", ends(accept), ends(connect).toReversed());
    same("what tcpconnect and tcpaccept tell", ofType("").length, 2);
  },

  "tcptracer reports sessions that a process holds": async () => {
    const events = await recorded(["tcptracer"], "attacks sessions 2000 </dev/null");
    const count = (wanted) => events.filter((event) => isOfNobody(event) && event.type === wanted).length;
    same("connects, accepts and closes", ["connect", "accept", "close"].map(count), [2_000, 2_000, 4_000]);
  },

  "tcpaccept reports what a ring without room for completions accepts": async () => {
    // The numbers are of descriptors: 3 listens, 4 is the ring, 5 and 7 connect, 6 and 8 are accepted.
    const lines = ["socket 4", "bind 3 127.0.0.1 4002", "listen 3", "ring 0", "ring-fill", "ring-accept 3", "socket 4"];
    lines.push("connect 5 127.0.0.1 4002", "ring-multishot 3", "socket 4", "connect 7 127.0.0.1 4002");
    lines.push(...Array(18).fill("ring-next"));
    const events = await recorded(["tcpaccept"], `printf '${lines.join("\\n")}\\n' | sockets`);
    same(
      "connections",
      events.filter(({ comm }) => comm === "sockets").map(({ localPort }) => localPort),
      [4002, 4002],
    );
  },

  "tcpaccept reports connections that io_uring accepts, one or many per request": async () => {
    // The numbers are of descriptors: 3 listens, 4 is the ring, 5 connects, 6 is accepted.
    const one = ["socket 4", "bind 3 127.0.0.1 4001", "listen 3", "ring 0", "socket 4", "connect 5 127.0.0.1 4001"];
    const many = ["socket 4", "ring-multishot 3", "connect 7 127.0.0.1 4001", "ring-next"];
    const lines = [...one, "ring-accept 3", "ring-next", ...many, "socket 4", "connect 9 127.0.0.1 4001", "ring-next"];
    const events = await recorded(["tcpaccept"], `printf '${lines.join("\\n")}\\n' | sockets`);
    same(
      "connections",
      events.filter(({ comm }) => comm === "sockets").map(({ localPort }) => localPort),
      [4001, 4001, 4001],
    );
  },

  "tcplife and tcptop report what a session carries, to the byte": async () => {
    // The numbers are of descriptors: 3 listens, 4 connects, 5 is accepted.
    const opening = [
      "socket 4",
      "bind 3 127.0.0.1 4003",
      "listen 3",
      "socket 4",
      "connect 4 127.0.0.1 4003",
      "accept 3",
    ];
    const traffic = ["give-bytes 4 5000", "take-bytes 5 5000", "give-bytes 5 70000", "take-bytes 4 70000"];
    const lines = [...opening, ...traffic, "close 4", "hung-up 5", "close 5"];
    const events = await recorded(["tcplife", "tcptop"], `printf '${lines.join("\\n")}\\n' | sockets; sleep 1`);
    const told = (has) =>
      events
        .filter((event) => event.comm === "sockets" && has(event))
        .map(({ localPort, sentBytes, receivedBytes }) => [localPort === 4003, sentBytes, receivedBytes])
        .toSorted(([a], [b]) => a - b);
    const carried = [
      [false, 5000, 70000],
      [true, 70000, 5000],
    ];
    same(
      "what tcplife tells",
      told((event) => event.durationNs > 0),
      carried,
    );
    same(
      "what tcptop tells",
      told((event) => event.durationNs === undefined),
      carried,
    );
  },

  "syscount and filetop count calls and bytes": async () => {
    const write = "dd if=/dev/zero of=/tmp/written bs=100 count=50 2>/dev/null";
    const rows = await recorded(
      ["syscount", "filetop"],
      `${write}; dd if=/tmp/written of=/dev/null bs=5000 2>/dev/null`,
    );
    const files = rows
      .filter(({ file }) => file === "written")
      .map(({ comm, reads, writes, readBytes, writtenBytes }) => {
        return [comm, reads, writes, readBytes, writtenBytes];
      });
    same(
      "what filetop tells",
      files.toSorted(([, a], [, b]) => a - b),
      [
        ["dd", 0, 50, 0, 5000],
        ["dd", 2, 0, 5000, 0],
      ],
    );
    const writes = rows.filter(({ name }) => name === "write").reduce((sum, { count }) => sum + count, 0);
    same("whether syscount counts them", writes > 50, true);
  },

  "a recording names each program that a process ran, in a pid namespace too": async () => {
    const script = "true < /init; sleep 3; exec sh -c 'true < /init; sleep 3; true'";
    const record = `record opensnoop -o /tmp/named.arrow -- sh -c "${script}"`;
    await shell(`unshare -p -f --mount-proc node ${RXBPF} ${record}`);
    const [opens, processes] = await Promise.all(
      [[], ["--processes"]].map(async (more) => lines(await rxbpf("export", "/tmp/named.arrow", "--json", ...more))),
    );
    const ids = opens.filter(({ comm, path }) => comm === "sh" && path === "/init");
    const named = ids.map(({ pid, execId }) => processes.find((one) => one.pid === pid && one.execId === execId));
    same(
      "its arguments",
      named.map((one) => one?.args?.[2]),
      [script, "true < /init; sleep 3; true"],
    );
  },

  "an id on the command line is one of the pid namespace": async () => {
    const trace = `node ${RXBPF} opensnoop --json --duration 2 -p $! > /tmp/by-id`;
    await shell(`unshare -p -f --mount-proc sh -c 'while sleep 1; do true < /init; done & ${trace}; kill $!'`);
    const opens = lines(readFileSync("/tmp/by-id", "utf8")).filter(({ path }) => path === "/init");
    same("whether it was seen", opens.length > 0, true);
  },

  "a cgroup that is made during a trace is traced from its first exec, by its path, its unit and its container":
    async () => {
      const top = "/sys/fs/cgroup";
      const [ours, other] = ["a", "b"].map((digit) => digit.repeat(64));
      for (const [id, name] of Object.entries({ [ours]: "web", [other]: "db" })) {
        const bundle = `/run/containerd/io.containerd.runtime.v2.task/default/${id}`;
        mkdirSync(bundle, { recursive: true });
        writeFileSync(`${bundle}/config.json`, JSON.stringify({ annotations: { "nerdctl/name": name } }));
      }
      const made = {
        path: "later",
        unit: "app-1.service",
        container: `nerdctl-${ours}.scope`,
        other: `nerdctl-${other}.scope`,
      };
      const selectors = ["--cgroup-tree", `${top}/later`, "--unit", "app-*", "--container", "w?b"];
      const traces = [0, 2, 4].map(async (i) => {
        const trace = spawn(process.execPath, [RXBPF, "execsnoop", ...selectors.slice(i, i + 2)]);
        const shown = createInterface({ input: trace.stdout })[Symbol.asyncIterator]();
        await shown.next();
        return { trace, shown };
      });
      const started = await Promise.all(traces);
      const runs = ["1", "2", "3"].flatMap((i) =>
        Object.entries(made).map(([word, name]) => `${top}/${name} ${word}-${i}`),
      );
      await shell(`first-exec /bin/true <<END\n${runs.join("\n")}\nEND\nsleep 2`);
      const words = await Promise.all(
        started.map(async ({ trace, shown }) => {
          trace.kill("SIGINT");
          const told = [];
          for await (const line of shown) told.push(/ \/bin\/true (\S+)$/.exec(line)?.[1]);
          return told;
        }),
      );
      same(
        "the first execs",
        words,
        ["path", "unit", "container"].map((word) => [1, 2, 3].map((i) => `${word}-${i}`)),
      );
    },

  "setting the clock during a trace gives a notice, and a later trace follows the new clock": async () => {
    const late = 3600;
    const run = spawn(process.execPath, [RXBPF, "opensnoop", "--json"], { stdio: ["ignore", "pipe", "pipe"] });
    const [said, events] = [run.stderr, run.stdout].map((stream) => createInterface({ input: stream }));
    const seen = (async () => {
      for await (const line of events) if (line.includes('"/seen"')) return JSON.parse(line).time;
    })();
    await until(() => shell("true < /seen; true"), seen);
    const told = (async () => {
      for await (const line of said) if (line.includes("clock")) return line;
    })();
    await shell(`date -s @${Math.round(Date.now() / 1000) + late}`);
    const sentence = await told;
    if (!/^rxbpf: the machine's clock has been set 3(599|600)(\.\d+)? s forward since tracing began;/.test(sentence))
      throw new Error(`it said ${JSON.stringify(sentence)}`);
    run.kill("SIGINT");
    const [next] = await recorded(["opensnoop"], "true < /after; true");
    same("whether it is of now", Math.abs(next.time - Date.now()) < PATIENCE_MS, true);
  },
};

/** What each task of `busy` does, how often, the probe that reports it, and which of the probe's events count. */
const BUSY = [
  { what: "open", count: 10_000, probe: "opensnoop", isOne: ({ comm, path }) => comm === "busy" && path === "/busy" },
  { what: "kill", count: 10_000, probe: "killsnoop", isOne: ({ comm }) => comm === "busy" },
  { what: "exec", count: 300, probe: "execsnoop", isOne: ({ args }) => args.at(-1) === "busy" },
  { what: "exec", count: 300, probe: "exitsnoop", isOne: ({ comm }) => comm === "true" },
];

/** Repeats an action until it has its expected outcome. */
async function until(action, outcome) {
  let there = false;
  void outcome.then(() => (there = true));
  while (!there) await action();
}

function lines(text) {
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function isOfNobody({ comm, uid }) {
  return comm === "attacks" && uid === 65534;
}

function isOfCat({ comm, path }) {
  return comm === "cat" && ["/inside", "/outside"].includes(path);
}

/** Records probes while a script runs, and returns their events. */
function recorded(probes, script) {
  return recordedOf(probes, ["sh", "-c", script]);
}

/** @param shown flags for what to show of the recording */
async function recordedOf(probes, command, shown = []) {
  const folder = `/tmp/${recordings++}/`;
  await rxbpf("record", ...probes, "--compress", "-o", folder, "--", ...command);
  const files = readdirSync(folder).map((name) => path.join(folder, name));
  const texts = await Promise.all(files.map((file) => rxbpf("replay", file, ...shown, "--json")));
  return texts.flatMap(lines);
}
let recordings = 0;

/** Runs the command and returns its stdout; its stderr is shown. */
async function rxbpf(...args) {
  const { stdout, stderr } = await run(...args);
  // Nothing here should exceed what a kernel can report.
  if (/lost events/.test(stderr)) throw new Error(`${args.join(" ")} lost events: ${stderr}`);
  return stdout;
}

async function run(...args) {
  const options = { timeout: PATIENCE_MS, maxBuffer: 1 << 28 };
  const outcome = await promisify(execFile)(process.execPath, [RXBPF, ...args], options);
  for (const line of outcome.stderr.split("\n").filter((line) => line.startsWith("rxbpf"))) console.log(`  ${line}`);
  return outcome;
}

function shell(script) {
  return promisify(execFile)("sh", ["-c", script], { timeout: PATIENCE_MS });
}

function same(what, is, wanted) {
  if (!isDeepStrictEqual(is, wanted)) throw new Error(`${what}: ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);
}

function differ(what, is, other) {
  if (is === other) throw new Error(`${what} is the same: ${JSON.stringify(is)}`);
}

/** The checks on a kernel that lacks what the programs need. */
const refusals = {
  "the kernel is not the host's": checks["the kernel is not the host's"],

  "every probe reports that the kernel is too old": async () => {
    for (const probe of ["opensnoop", "execsnoop", "tcpaccept", "tcpconnect", "tcptracer"]) {
      const error = await rxbpf(probe).then(
        () => "none",
        ({ stderr }) => stderr,
      );
      if (!/^rxbpf: [^\n]*this kernel is too old[^\n]*\n$/.test(error)) throw new Error(`${probe}: ${error}`);
    }
  },
};

// The kernel passes unknown words of its command line to its first process's environment.
const wanted = process.env.KERNEL_IS === "too-old" ? refusals : checks;
let failed = 0;
console.log(`Linux ${release()}, ${CPUS.length} processors`);
for (const [name, check] of Object.entries(wanted)) {
  try {
    await check();
    console.log(`ok      ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}: ${error.stderr || error.message}`);
  }
}
console.log(`guest: ${Object.keys(wanted).length - failed} passed, ${failed} failed`);
