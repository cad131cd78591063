// Loaded before the command: says on descriptor 3, when it ends, how many kilobytes of memory it took at most. (What
// getrusage says may be of the process that started it.)
const { readFileSync, writeSync } = require("node:fs");

process.on("exit", () => writeSync(3, /^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]));
