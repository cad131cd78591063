// Loads and attaches an object, and waits to be killed.
import { readFileSync } from "node:fs";

import { load } from "@rxbpf/core/bpf";

const [, , file] = process.argv;
load({ name: "empty", bytes: () => readFileSync(file), variants: [{ programs: ["empty"] }] }, {});
setInterval(() => {}, 1 << 30);
