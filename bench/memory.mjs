// Whether the memory of a recorder stays constant over some minutes.
import { readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";

import { flood } from "./flood.mjs";
import { tools } from "./tools.mjs";
import { startTracer } from "./tracer.mjs";

/** Records a flood for the given minutes, and prints the recorder's memory after each. */
export async function memory({ folder, minutes }) {
  const file = path.join(folder, "recording");
  const tracer = startTracer(folder, tools.record.command(file));
  await tracer.attached();
  const minutely = [];
  let opens = 0;
  for (let minute = 1; minute <= minutes; minute++) {
    opens += (await flood(folder, "60s")).opens;
    const { VmRSS, VmHWM } = statusOf(tracer.pid());
    const line = { minute, opens, residentMB: VmRSS, peakMB: VmHWM, fileMB: megabytes(statSync(file).size) };
    console.log(JSON.stringify(line));
    minutely.push(line);
  }
  const { peak } = await tracer.stop();
  const lost = opens - (await tools.record.opens(file, "flood"));
  rmSync(file);
  return { opens, lost, peakMB: megabytes(peak), minutely };
}

function statusOf(pid) {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").matchAll(/^(VmRSS|VmHWM):\s+(\d+) kB/gm);
  return Object.fromEntries([...lines].map(([, name, kilobytes]) => [name, megabytes(kilobytes * 1024)]));
}

function megabytes(bytes) {
  return Math.round(bytes / 1e5) / 10;
}
