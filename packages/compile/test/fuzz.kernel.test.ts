import { expect, it } from "vitest";

import { generate } from "../src/back/generate.js";
import { TooComplex } from "../src/back/ints.js";
import { readPredicate } from "../src/predicate.js";
import { TrialProgram } from "../src/program.js";
import { recordInput } from "../src/record.js";
import { numbers } from "../../../testing/programs.js";
import { Expressions, simpler, sourceOf, type Tree } from "./fuzz/expressions.js";
import { randomSample } from "./fuzz/records.js";
import { functionOf } from "./support.js";
import { recordOf, rowOf, type Sample, sampleFields, sampleLayout, sampleSize } from "./sample.js";

/** `npm run fuzz` sets these: how many programs are run on how many records each, and where the numbers begin. */
const CASES = Number(process.env["FUZZ_CASES"] ?? 2_000);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const RECORDS = 10;

const input = recordInput("the sample", sampleFields, sampleLayout);

interface Outcome {
  readonly wrong: boolean;
  /** Whether the kernel decided all, a part, or nothing. */
  readonly decided: "all" | "part" | "nothing";
  readonly instructions: number;
}

/** Runs a predicate in the kernel and in JavaScript on the same records. */
function outcomeOf(source: string, samples: readonly Sample[]): Outcome {
  const predicate = functionOf(`return ${source};`);
  const { test, obstacles } = readPredicate(predicate, input);
  const decided = obstacles.length === 0 ? "all" : test.kind === "known" ? "nothing" : "part";
  const code = codeOf(test);
  if (!code) return { wrong: false, decided: "nothing", instructions: 0 };
  const program = new TrialProgram(code, sampleSize);
  try {
    const wrong = samples.some((sample) => {
      const wanted = resultOf(predicate, sample);
      if (wanted === undefined) return false;
      const passes = program.passes(recordOf(sample));
      // What the kernel lets through, JavaScript tests again if there are obstacles.
      return obstacles.length === 0 ? passes !== wanted : wanted && !passes;
    });
    return { wrong, decided, instructions: code.length };
  } finally {
    program.close();
  }
}

function codeOf(test: Parameters<typeof generate>[0]): ReturnType<typeof generate> | undefined {
  try {
    return test.kind === "known" && test.value ? undefined : generate(test);
  } catch (error) {
    if (error instanceof TooComplex) return undefined;
    throw error;
  }
}

/** What JavaScript says; undefined if it throws, as for a division of bigints by 0. */
function resultOf(predicate: (e: never) => unknown, sample: Sample): boolean | undefined {
  try {
    return Boolean(predicate(rowOf(sample) as never));
  } catch {
    return undefined;
  }
}

/** The simplest predicate that is wrong too. */
function shrunk(tree: Tree, samples: readonly Sample[]): Tree {
  for (const one of simpler(tree)) {
    try {
      if (outcomeOf(sourceOf(one), samples).wrong) return shrunk(one, samples);
    } catch {
      // Another fault.
    }
  }
  return tree;
}

it(`gives in the kernel what JavaScript gives, in ${CASES} random cases`, { timeout: 3_600_000 }, () => {
  const random = numbers(SEED);
  // The low bits of these numbers repeat soon.
  const below = (limit: number): number => Math.floor((random(2 ** 32) / 2 ** 32) * limit);
  const expressions = new Expressions(below);
  const found = { all: 0, part: 0, nothing: 0, instructions: 0 };
  for (let i = 0; i < CASES; i += RECORDS) {
    const tree = expressions.condition(1 + below(4));
    const samples = Array.from({ length: RECORDS }, () => randomSample(below));
    let outcome: Outcome;
    try {
      outcome = outcomeOf(sourceOf(tree), samples);
    } catch (error) {
      throw new Error(`${sourceOf(tree)}: ${String(error)} ${(error as { log?: string }).log ?? ""}`, { cause: error });
    }
    found[outcome.decided]++;
    found.instructions = Math.max(found.instructions, outcome.instructions);
    if (!outcome.wrong) continue;
    const least = sourceOf(shrunk(tree, samples));
    const sample = samples.find((one) => outcomeOf(least, [one]).wrong);
    expect.fail(`${least} differs for ${JSON.stringify(sample && rowOf(sample))}`);
  }
  if (process.env["FUZZ_CASES"] !== undefined) console.log(JSON.stringify(found));
  // Most of what the kernel can do must be tried.
  expect(found.all).toBeGreaterThan(found.part);
});
