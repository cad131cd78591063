import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { makeFtrace } from "../../../../testing/ftrace.js";
import { start, temporaryFolder } from "../../../../testing/programs.js";
import { callName, callNames, callNumbers } from "../../src/syscount/names.js";

const temporary = temporaryFolder();

/** The last one that the headers of Debian 12 know. */
const IN_HEADERS = 450;
const SYS_GETPGRP = 111;

test("calls that are newer than the headers are called as the running kernel calls them", async () => {
  const newest = Math.max(...callNames().map((name) => callNumbers(name).own));
  const instance = makeFtrace(temporary);
  // With such arguments each fails. One that this kernel does not know leaves no line between those of getpgrp.
  const calls = `for (${IN_HEADERS + 1} .. ${newest}) { syscall(${SYS_GETPGRP}); syscall($_, (-1) x 6) }`;
  const child = start("perl", ["-e", `<STDIN>; ${calls} syscall(${SYS_GETPGRP})`]);
  writeFileSync(path.join(instance, "set_event_pid"), String(child.pid));
  writeFileSync(path.join(instance, "events/syscalls/enable"), "1");
  child.write("go");
  await child.ended();
  writeFileSync(path.join(instance, "events/syscalls/enable"), "0");
  const trace = readFileSync(path.join(instance, "trace"), "utf8");
  const groups = trace.split(/: sys_getpgrp\(.*\n/).slice(1, -1);
  expect(groups).toHaveLength(newest - IN_HEADERS);
  const seen = groups.map((group) => /: sys_(\w+)\(/.exec(group)?.[1]);
  const known = seen.flatMap((name, i) => (name === undefined ? [] : [[i + IN_HEADERS + 1, name]]));
  expect(known).toEqual(known.map(([number]) => [number, callName(Number(number), false)]));
});
