import { expect, it } from "vitest";

import { readPredicate } from "../src/predicate.js";
import { recordInput } from "../src/record.js";
import { functionOf } from "./support.js";
import { sampleFields, sampleLayout } from "./sample.js";

const input = recordInput("the sample's event", sampleFields, sampleLayout);

/** Functions that would keep a careless compiler busy for ever, or end it. */
const HOSTILE: Readonly<Record<string, string>> = {
  "an endless loop": "for (;;) { if (e.ret < 0) return true; }",
  "an endless loop without a condition": "while (true) {}",
  "a long loop": "let n = 0; for (let i = 0; i < 1e9; i++) n += i; return n > e.ret;",
  "many ways": `let n = 0; ${"if (e.ret > n) n++; ".repeat(100)} return n > 50;`,
  "a number of numbers": `let n = e.ret; ${"n = n ^ n; ".repeat(500)} return n > 3;`,
  "a condition of conditions": `return ${"Boolean(e.ret) === (".repeat(200)}e.cut${")".repeat(200)};`,
  "the least of many": `return ${"Math.min(e.port, ".repeat(200)}1${")".repeat(200)} > 2;`,
  "values of values": `return (${"(e.cut ? 1 : 2) + ".repeat(60)} 0) > 3;`,
  "deep brackets": `return ${"(".repeat(400)}e.ret${")".repeat(400)} % e.port < 0;`,
  "many negations": `return ${"!".repeat(2_000)}/x/.test(e.path);`,
  "a long sum": `return ${"e.small + ".repeat(5_000)} 0 > 3;`,
  "a function that calls itself": "const f = (x) => f(x); return f(e.ret);",
  "functions within functions": `return ${"(() => ".repeat(500)}e.ret${")()".repeat(500)} < 0;`,
};

it.each(Object.entries(HOSTILE))("refuses %s soon", { timeout: 20_000 }, (_, body) => {
  expect(readPredicate(functionOf(body), input).obstacles).toHaveLength(1);
});
