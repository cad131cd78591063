// Spends 70, 20 and 10 percent of its time in three functions, until its input ends.
let sink = 0;
/** Of the processor's time, so that it is the same on a busy machine. */
function used() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
function busy(milliseconds) {
  const end = used() + milliseconds;
  while (used() < end) for (let turn = 0; turn < 20000; turn++) sink = (sink + turn) | 0;
}
function seventy() {
  busy(70);
}
function twenty() {
  busy(20);
}
function ten() {
  busy(10);
}
process.stdin.on("end", () => process.exit()).resume();
(function loop() {
  for (let i = 0; i < 1; i++) {
    seventy();
    twenty();
    ten();
  }
  setImmediate(loop);
})();
