import { type EventStream, iterate, type Lost } from "@rxbpf/core";
import { filter, firstValueFrom, Subject } from "rxjs";
import { beforeAll, expect, onTestFinished, test } from "vitest";

import { type Holdings, holdings, inKernel } from "../../../testing/holdings.js";
import { compile, compileProgram, run, temporaryFolder } from "../../../testing/programs.js";
import { type Tick, ticks, ticksImage } from "./programs/ticks.js";

const folder = temporaryFolder();
let image: ReturnType<typeof ticksImage>;
let makeTicks: string;

beforeAll(() => {
  image = ticksImage(compileProgram(new URL("programs/ticks.bpf.c", import.meta.url), folder));
  makeTicks = compile(new URL("programs/ticks.c", import.meta.url), folder);
});

const stream = (ringBytes: number = 1 << 20): EventStream<Tick> => ticks(image, { maxEntries: { events: ringBytes } });

/** The losses of a stream, by reason. */
function lossesOf({ losses }: { readonly losses: EventStream<Tick>["losses"] }): Record<string, number> {
  const counts: Record<string, number> = {};
  const add = ({ reason, count }: Lost): void => void (counts[reason] = (counts[reason] ?? 0) + count);
  const watching = losses.subscribe(add);
  onTestFinished(() => watching.unsubscribe());
  return counts;
}

/** Waits until this process holds more than before: where much was started in this turn, what follows starts in a later one. */
async function attached({ objects }: Holdings): Promise<void> {
  await expect.poll(() => holdings().objects.length).toBeGreaterThan(objects.length);
}

test("a loop takes events as they happen; making its iterator attaches nothing, leaving it detaches everything", async () => {
  stream().subscribe().unsubscribe(); // the first subscription makes the event loop's own descriptors, which stay
  const before = holdings();
  const iterator = stream()[Symbol.asyncIterator]();
  expect(holdings()).toEqual(before);
  const first = iterator.next();
  await attached(before);
  const { objects } = holdings();
  await run(makeTicks, ["3", "1"]);
  expect((await first).value).toMatchObject({ number: 0, comm: "ticks" });
  expect((await iterator.next()).value).toMatchObject({ number: 1 });
  await iterator.return!();
  expect(holdings()).toEqual(before);
  const gone = objects.filter((object) => !before.objects.includes(object));
  await expect.poll(() => inKernel(gone), { timeout: 5_000 }).toEqual([]);
});

test("break, return and an error in the body detach the programs", async () => {
  stream().subscribe().unsubscribe();
  const before = holdings();
  const ends: Record<string, (events: AsyncIterable<Tick>) => Promise<unknown>> = {
    async break(events) {
      for await (const { number } of events) if (number === 2) break;
    },
    async return(events) {
      for await (const { number } of events) if (number === 2) return number;
    },
    async throw(events) {
      for await (const { number } of events) if (number === 2) throw new Error("thrown");
    },
  };
  for (const [how, loop] of Object.entries(ends)) {
    const even = stream().pipe(filter(({ number }) => number % 2 === 0));
    const left = loop(iterate(even)).catch((error: Error) => error.message);
    await attached(before);
    await run(makeTicks, ["10", "1"]);
    expect(await left).toBe({ return: 2, throw: "thrown" }[how]);
    expect(holdings()).toEqual(before);
  }
});

/** The ticks that a loop took, and those that were lost, if they are made while its body is busy with the first. */
async function slowLoop(ringBytes: number, limit: number | undefined, counts: readonly number[]) {
  const end = new Subject<void>();
  const ended = new Subject<void>();
  const bounded = stream(ringBytes).until(end);
  const losses = lossesOf(bounded);
  const numbers: number[] = [];
  const loop = (async () => {
    for await (const { number } of iterate(bounded, { limit })) {
      numbers.push(number);
      if (numbers.length === 1) await firstValueFrom(ended, { defaultValue: undefined });
    }
  })();
  for (const count of counts) await run(makeTicks, [String(count), "1"]);
  await run(makeTicks, ["1", "1", "50"]); // time enough for a reader that is not held
  ended.complete();
  end.next();
  await loop;
  return { numbers, losses };
}

test("while the body is slow, events wait in the ring, and those that do not fit are counted", async () => {
  const waves = [...Array<number>(9).fill(1_000), 40_000];
  const { numbers, losses } = await slowLoop(1 << 20, undefined, waves);
  expect(losses).toEqual({ "ring full": 49_001 - numbers.length });
  expect(losses["ring full"]).toBeGreaterThan(0);
  // Those that waited for the loop, plus those in the ring.
  expect(numbers.length).toBeGreaterThan(9_000);
});

test("events that come at once and exceed the limit are lost, and each is counted", async () => {
  const { numbers, losses } = await slowLoop(1 << 20, 16, [5_000]);
  const lost = Object.values(losses).reduce((sum, count) => sum + count, 0);
  expect(losses["buffer full"]).toBeGreaterThan(0);
  expect(numbers.length + lost).toBe(5_001);
});
