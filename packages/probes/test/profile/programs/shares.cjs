// The same in JavaScript.
let sink = 0;
const work = (turns) => {
  for (let turn = 0; turn < turns; turn++) sink = (sink + turn) | 0;
};
// Each a function of its own, which V8 does not put into another.
function seventy(turns) {
  for (let i = 0; i < 7; i++) for (let turn = 0; turn < turns; turn++) sink = (sink + turn) | 0;
}
function twenty(turns) {
  for (let i = 0; i < 2; i++) for (let turn = 0; turn < turns; turn++) sink = (sink + turn) | 0;
}
function ten(turns) {
  for (let turn = 0; turn < turns; turn++) sink = (sink + turn) | 0;
}
void work;
process.stdin.on("end", () => process.exit()).resume();
(function loop() {
  for (let i = 0; i < 100; i++) {
    seventy(20000);
    twenty(20000);
    ten(20000);
  }
  setImmediate(loop);
})();
