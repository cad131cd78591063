// Compiles conditions into opensnoop, and prints how long it took, in milliseconds, as a line of JSON.
import { readFileSync } from "node:fs";

import { opensnoop } from "@rxbpf/probes";
import { filter, firstValueFrom } from "rxjs";

import { median } from "./statistics.mjs";

const object = readFileSync(new URL("../packages/probes/bpf/opensnoop.bpf.o", import.meta.url));
const { schema } = opensnoop().info;
const wanted = -2;
const condition = (e) => e.ret <= wanted && e.comm === "nginx" && e.path.startsWith("/etc/");

/** How long it takes until a stream is attached. */
async function start(stream) {
  const began = performance.now();
  const attached = firstValueFrom(stream.status.pipe(filter(({ type }) => type === "attached")));
  const subscription = stream.subscribe();
  await attached;
  const took = performance.now() - began;
  subscription.unsubscribe();
  return took;
}

await start(opensnoop()); // loads libbpf
const began = performance.now();
const { narrow } = await import("@rxbpf/compile");
const compile = () => narrow({ name: "opensnoop", schema, object }, [{ predicate: condition }]);
compile();
const cold = performance.now() - began;
const warm = [];
const starts = [];
for (let i = 0; i < 15; i++) {
  const before = performance.now();
  compile();
  warm.push(performance.now() - before);
  const plain = await start(opensnoop());
  starts.push((await start(opensnoop().where(condition))) - plain);
}
console.log(JSON.stringify({ cold, warm: median(warm), starts: median(starts) }));
