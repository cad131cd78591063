// Prints the results as tables for people.

export function showCosts(costs) {
  console.log("\nWhat tracing adds to open and close of a file:");
  console.table(costs);
}

export function showFilterCosts(costs) {
  console.log("\nWhat each filter of opensnoop adds to open and close of a file, in nanoseconds:");
  console.table(costs);
}

export function showConditions({ events, compile: { cold, warm, starts } }) {
  console.log("\nWhat conditions add to open and close of a file that they pass or drop, and the tracer's CPU time:");
  console.table(events.map(({ cpu, ...rest }) => ({ ...rest, "CPU s/million": cpu })));
  console.log(`Compiling a condition takes ${cold} ms at first, then ${warm} ms; it adds ${starts} ms to a start.`);
}

export function showMachineCosts(costs) {
  console.log(
    "\nWhat watching the whole machine adds to each handoff of a byte between two processes, and the tool's own CPU time:",
  );
  console.table(costs.map(({ cpu, ...rest }) => ({ ...rest, "CPU s": cpu })));
}

/** Prints the results of floods and starts, with a line for each tool. */
export function showRecordings({ flood, start }) {
  if (flood)
    console.log(`\nRecording a flood of opens (${flood.nsPerOpen.toFixed(0)} ns for an open and close, untraced):`);
  else console.log();
  const rows = Object.keys(flood?.tools ?? start).map((name) => {
    const { lost, speed, cpu, bytes, peak } = flood?.tools[name] ?? {};
    const { sees, shows } = start?.[name] ?? {};
    const row = {
      lost,
      "flood's speed": speed?.toFixed(3),
      "CPU s/million": cpu?.toFixed(3),
      "first seen, s": sees?.toFixed(3),
      "first shown, s": shows?.toFixed(3),
      "bytes/event": bytes?.toFixed(1),
      "peak MB": peak && Number((peak / 1e6).toFixed(0)),
    };
    return [name, Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined))];
  });
  console.table(Object.fromEntries(rows));
}

/** Prints what pages of a million events take, with a line for each recording. */
export function showReports(reports) {
  console.log("\nMaking a page of a million events:");
  const rows = Object.entries(reports).map(([name, { seconds, cpu, peak, bytes }]) => {
    const sizes = { "peak MB": Number((peak / 1e6).toFixed(0)), "page MB": Number((bytes / 1e6).toFixed(1)) };
    return [name, { seconds: seconds.toFixed(2), "CPU s": cpu.toFixed(2), ...sizes }];
  });
  console.table(Object.fromEntries(rows));
}

export function showTargets(lines) {
  console.log("\nTargets, ratios of medians of this run:");
  const words = (met) => (met === undefined ? "not measured" : met ? "yes" : "no");
  const rows = lines.map(({ target, met, ...rest }) => [target, { ...rest, met: words(met) }]);
  console.table(Object.fromEntries(rows));
}
