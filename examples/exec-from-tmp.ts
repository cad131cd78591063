// Does anybody execute a file from a directory where everybody can write?
//
//   rxbpf run examples/exec-from-tmp.ts
//
// Prints a line for each exec of a file below /tmp, /var/tmp or /dev/shm, or of a file in memory, until Ctrl-C:
//
//   2026-01-31T12:00:00.123Z ALERT /tmp/.x/miner by uid 33, pid 4711, child of sh (4709): ./miner -o pool:3333
//
// The kernel tells which file runs, whatever name the caller gave, and its path in its file system, wherever that is mounted. For a
// script it tells only the name: this program looks for the file when the event comes, and also reports a file that is gone by
// then. In another mount namespace, it trusts the script's name.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import path from "node:path";

import { bytesOf, printable, textOf } from "@rxbpf/core";
import { mountNamespaceOfProcess } from "@rxbpf/filters";
import { type ExecEvent, execsnoop } from "@rxbpf/probes";

type Place = Pick<ExecEvent, "device" | "fsPath">;

const WRITABLE = ["/tmp", "/var/tmp", "/dev/shm"].filter((directory) => existsSync(directory));
const PLACES = WRITABLE.map((directory) => placeOf(realpathSync(directory)));
const HERE = mountNamespaceOfProcess(process.pid);

function isBelow(file: string, directory: string): boolean {
  return file.startsWith(directory.replace(/\/?$/, "/"));
}

/** The place of a file of our own mount namespace in its file system. */
function placeOf(file: string): Place {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").trimEnd().split("\n");
  const mounts = lines.map((line) => {
    const [, , device = "", root = "", point = ""] = line
      .split(" ")
      .map((word) => word.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))));
    return { device, root, point };
  });
  const above = mounts.filter(({ point }) => file === point || isBelow(file, point));
  // Of several mounts at one point, the last is on top.
  const { device, root, point } = above.sort((a, b) => a.point.length - b.point.length).at(-1)!;
  const [major, minor] = device.split(":").map(Number);
  return { device: major! * 2 ** 20 + minor!, fsPath: path.join(root, path.relative(point, file)) };
}

/** Whether a file is where everybody can write, or out of sight: in memory, or too deep for the path that the kernel gives. */
function isSuspicious(file: string, { device, fsPath }: Place): boolean {
  return (
    /^(\/memfd:|\.\.\.)/.test(file) ||
    WRITABLE.some((directory) => isBelow(file, directory)) ||
    PLACES.some((place) => place.device === device && isBelow(fsPath, place.fsPath))
  );
}

/** Whether a file also has a name there. Files of root do not count: no other user can have put them there. */
function isLinked(file: string): boolean {
  const { dev, ino, nlink, uid } = statSync(bytesOf(file));
  const directories = WRITABLE.filter((directory) => statSync(directory).dev === dev);
  if (nlink === 1 || uid === 0 || directories.length === 0) return false;
  return spawnSync("find", [...directories, "-xdev", "-inum", String(ino), "-print", "-quit"]).stdout.length > 0;
}

/** The file that should not have been executed, if it is one. */
function suspect({ pid, filename, file, device, fsPath, cwd, interpreter, mntnsId }: ExecEvent): string | undefined {
  if (isSuspicious(file, { device, fsPath })) return file;
  const script = interpreter && path.resolve(cwd, filename);
  if (script && WRITABLE.some((directory) => isBelow(script, directory))) return script;
  if (mntnsId !== HERE) return undefined;
  try {
    if (isLinked(file)) return file;
    // For a script that was given by descriptor, the kernel's name is a /dev/fd path, which only the process can resolve.
    const asked = bytesOf(script.replace(/^\/(dev|proc\/self)\/fd\//, `/proc/${pid}/fd/`));
    const found = script && textOf(realpathSync(asked, "buffer"));
    return found && (isSuspicious(found, placeOf(found)) || isLinked(found)) ? found : undefined;
  } catch {
    return script || file; // it is gone
  }
}

for await (const exec of execsnoop()) {
  const file = suspect(exec);
  if (file === undefined) continue;
  const { time, uid, pid, pcomm, ppid, args } = exec;
  const who = `uid ${uid}, pid ${pid}, child of ${printable(pcomm)} (${ppid})`;
  const command = args.map(printable).join(" ");
  console.log(`${new Date(time).toISOString()} ALERT ${printable(file)} by ${who}: ${command}`);
}
