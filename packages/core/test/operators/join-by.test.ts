import { EventStream, type Joined, joinBy, type JoinOptions, type Lost } from "@rxbpf/core";
import { Consumer, originOf, schema } from "@rxbpf/core/events";
import { filter, map, type Observable, Subject, throwError } from "rxjs";
import { describe, expect, expectTypeOf, test } from "vitest";

import { driven } from "../streams.js";
import { marbles } from "./marbles.js";

interface Event {
  readonly pid: number;
  readonly time?: number;
  readonly name: string;
}

const event = (pid: number, name: string, time?: number): Event => ({ pid, name, ...(time !== undefined && { time }) });

/** A source and another stream that a test drives, joined by pid, and the result. */
function joined(options?: JoinOptions) {
  const source = new Subject<Event>();
  const other = new Subject<Event>();
  const seen: unknown[] = [];
  const subscription = source.pipe(joinBy({ exec: other }, (e) => e.pid, options)).subscribe({
    next: ({ name, exec }) => seen.push(`${name} ${exec?.name ?? "-"}`),
    error: (error) => seen.push(error),
    complete: () => seen.push("complete"),
  });
  return { source, other, seen, subscription };
}

test("an event gets the latest one with the same key, as of when the event came", () => {
  const { source, other, seen } = joined();
  source.next(event(1, "early"));
  other.next(event(1, "sh"));
  other.next(event(2, "make"));
  source.next(event(1, "first"));
  other.next(event(1, "ls"));
  source.next(event(1, "second"));
  source.next(event(2, "third"));
  expect(seen).toEqual(["early -", "first sh", "second ls", "third make"]);
});

test("the result is the event with the other event as a field", () => {
  const [source, other] = [new Subject<Event>(), new Subject<Event>()];
  const seen: unknown[] = [];
  source.pipe(joinBy({ exec: other }, (e) => e.pid)).subscribe((one) => seen.push(one));
  other.next(event(1, "sh"));
  source.next(event(1, "open"));
  source.next(event(2, "open"));
  expect(seen).toEqual([
    { ...event(1, "open"), exec: event(1, "sh") },
    { ...event(2, "open"), exec: undefined },
  ]);
});

describe("an event before the other stream was attached", () => {
  const before = [event(1, "sh", 0), event(2, "make", 0)];
  const info = { name: "execs", schema: schema("exec", {}), columns: () => [], already: () => before };
  const streamWith = (events: Observable<Event>) =>
    new EventStream<Event>(info, (receiver) => {
      receiver.status({ type: "attached", programs: [] });
      const given = events.subscribe((one) => receiver.batch({ length: 1, row: () => one }));
      return { stop: () => {}, close: () => given.unsubscribe(), hold: () => {}, release: () => {} };
    });
  const joinedNames = (other: Observable<Event>, live: Subject<Event>) => {
    const source = new Subject<Event>();
    const seen: unknown[] = [];
    source.pipe(joinBy({ exec: other }, (e) => e.pid)).subscribe((one) => seen.push(one.exec?.name));
    source.next(event(1, "open"));
    source.next(event(2, "open"));
    live.next(event(1, "ls", 10));
    source.next(event(1, "open"));
    return seen;
  };

  test("is known from the start, until something newer comes", () => {
    const live = new Subject<Event>();
    expect(joinedNames(streamWith(live), live)).toEqual(["sh", "make", "ls"]);
  });

  test("goes through the operators of the other stream", () => {
    const live = new Subject<Event>();
    const piped = streamWith(live).pipe(
      filter((e) => e.name !== "make"),
      map((e) => ({ ...e, name: e.name.toUpperCase() })),
    );
    expect(joinedNames(piped, live)).toEqual(["SH", undefined, "LS"]);
  });

  test("is not looked for if the stream has given events", () => {
    const live = new Subject<Event>();
    expect(joinedNames(EventStream.of(info, live), live)).toEqual([undefined, undefined, "ls"]);
  });

  test("is the result's error if it cannot be found", () => {
    const failure = new Error("no /proc");
    const broken = {
      ...info,
      already: () => {
        throw failure;
      },
    };
    const other = new EventStream<Event>(broken, (receiver) => {
      receiver.status({ type: "attached", programs: [] });
      return { stop: () => {}, close: () => {}, hold: () => {}, release: () => {} };
    });
    const seen: unknown[] = [];
    new Subject<Event>().pipe(joinBy({ exec: other }, (e) => e.pid)).subscribe({ error: (error) => seen.push(error) });
    expect(seen).toEqual([failure]);
  });
});

test("events with a time wait for earlier events that come later", () => {
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const source = cold("-a 200ms |", { a: event(1, "open", 50) });
    const other = cold("--x--y", { x: event(1, "sh", 40), y: event(1, "late", 60) });
    expectObservable(source.pipe(joinBy({ exec: other }, (e) => e.pid))).toBe("101ms j 100ms |", {
      j: { ...event(1, "open", 50), exec: event(1, "sh", 40) },
    });
    expectSubscriptions(other.subscriptions).toBe("^ 201ms !");
  });
});

test("a late event gets the event that was the latest when it happened", () => {
  marbles(({ cold, expectObservable }) => {
    const others = { x: event(1, "sh", 40), y: event(1, "ls", 60), z: event(2, "ls", 60) };
    const source = cold("500ms (abc|)", { a: event(1, "open", 50), b: event(1, "open", 70), c: event(2, "open", 50) });
    expectObservable(source.pipe(joinBy({ exec: cold("yxz", others) }, (e) => e.pid))).toBe("600ms (acb|)", {
      a: { ...event(1, "open", 50), exec: others.x },
      b: { ...event(1, "open", 70), exec: others.y },
      c: { ...event(2, "open", 50), exec: undefined },
    });
  });
});

test("the last 16 events of a key are kept", () => {
  const { source, other, seen } = joined({ wait: 0 });
  for (let time = 0; time < 20; time++) other.next(event(1, `e${time}`, time));
  for (const time of [3, 4, 19]) source.next(event(1, `${time}`, time));
  expect(seen).toEqual(["3 -", "4 e4", "19 e19"]);
});

test("when the source ends, the last events still wait, then the other stream is unsubscribed", () => {
  marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
    const source = cold("a|", { a: event(1, "open", 50) });
    const other = hot("^----x 300ms y", { x: event(1, "sh", 40), y: event(1, "ls", 90) });
    expectObservable(source.pipe(joinBy({ exec: other }, (e) => e.pid, { wait: 10 }))).toBe("10ms (j|)", {
      j: { ...event(1, "open", 50), exec: event(1, "sh", 40) },
    });
    expectSubscriptions(other.subscriptions).toBe("^ 9ms !");
  });
});

test("the other stream is subscribed to first, and both are unsubscribed together", () => {
  marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
    const other = cold("(x)", { x: event(1, "sh") });
    const source = hot("^a-", { a: event(1, "open") });
    expectObservable(source.pipe(joinBy({ exec: other }, (e) => e.pid)), "^---!").toBe("-j", {
      j: { ...event(1, "open"), exec: event(1, "sh") },
    });
    expectSubscriptions(source.subscriptions).toBe("^---!");
    expectSubscriptions(other.subscriptions).toBe("^---!");
  });
});

test("when the other stream ends, its events stay known", () => {
  const { source, other, seen } = joined();
  other.next(event(1, "sh"));
  other.complete();
  source.next(event(1, "open"));
  source.complete();
  expect(seen).toEqual(["open sh", "complete"]);
});

test("an error of either is the result's, after waiting events, and the other is unsubscribed", () => {
  for (const failing of ["source", "other"] as const) {
    const run = joined();
    run.source.next(event(1, "open", 5));
    run[failing].error("broken");
    expect(run.seen).toEqual(["open -", "broken"]);
    expect([run.source.observed, run.other.observed]).toEqual([false, false]);
  }
});

test("if the other stream cannot start, the source is not started", () => {
  const { stream, runs } = driven();
  const errors: unknown[] = [];
  const refused: Observable<number> = throwError(() => "refused");
  const source = new Subject<Event>();
  source.pipe(joinBy({ stream, refused }, (e) => Number(e))).subscribe({ error: (error) => errors.push(error) });
  expect(errors).toEqual(["refused"]);
  expect(source.observed).toBe(false);
  expect(runs.map(({ calls }) => calls)).toEqual([["close"]]);
});

test("an error of a key function is the result's error", () => {
  for (const throwing of ["source", "other"] as const) {
    const { source, other, seen } = joined({ wait: 0 });
    ({ source, other })[throwing].next(undefined as unknown as Event);
    expect(seen).toEqual([expect.any(TypeError)]);
    expect([source.observed, other.observed]).toEqual([false, false]);
  }
});

test("beyond the limit the least recently used key is forgotten", () => {
  const { source, other, seen } = joined({ limit: 2 });
  other.next(event(1, "one"));
  other.next(event(2, "two"));
  source.next(event(1, "use"));
  other.next(event(3, "three"));
  for (const pid of [1, 2, 3]) source.next(event(pid, `${pid}`));
  expect(seen).toEqual(["use one", "1 one", "2 -", "3 three"]);
  for (const name of ["again", "and again"]) other.next(event(3, name));
  source.next(event(3, "last"));
  expect(seen.at(-1)).toBe("last and again");
});

test("several streams can be joined, and their key can be another", () => {
  const source = new Subject<{ readonly ppid: number }>();
  const [execs, names] = [new Subject<Event>(), new Subject<Event>()];
  const seen: unknown[] = [];
  source.pipe(joinBy({ execs, names }, (e) => e.ppid, { otherKey: (e) => e.pid })).subscribe((one) => seen.push(one));
  execs.next(event(1, "sh"));
  names.next(event(2, "two"));
  for (const ppid of [1, 2]) source.next({ ppid });
  expect(seen).toEqual([
    { ppid: 1, execs: event(1, "sh"), names: undefined },
    { ppid: 2, execs: undefined, names: event(2, "two") },
  ]);
});

test("a consumer of the result is told the losses of all, those of the others by name, and can hold all", () => {
  const [a, b, c] = [driven(), driven(), driven()];
  const losses: string[] = [];
  const consumer = new Consumer({
    end() {},
    status: (status) => void (status.type === "lost" && losses.push(`${status.count} ${status.reason}`)),
  });
  const joined = a.stream.pipe(joinBy({ b: b.stream.pipe(joinBy({ c: c.stream }, Number) as never) }, Number) as never);
  const subscription = consumer.subscribe(joined, { next() {}, error() {}, complete() {} });
  const lost: Lost = { type: "lost", time: 1, count: 3, total: 3, reason: "ring full" };
  for (const { runs } of [a, b, c]) runs[0]!.status(lost);
  expect(losses).toEqual(["3 ring full", "3 b: ring full", "3 b: c: ring full"]);
  consumer.hold();
  consumer.release();
  subscription.unsubscribe();
  for (const { runs } of [a, b, c]) expect(runs[0]!.calls).toEqual(["hold", "release", "close"]);
  consumer.done();
});

test("the stream that a pipe began with is found behind it", () => {
  const [a, b] = [driven().stream, driven().stream];
  expect(originOf(a.pipe(joinBy({ b }, Number) as never))).toBe(a);
});

test("types are inferred", () => {
  const source = new Subject<{ readonly pid: number; readonly path: string }>();
  const execs = new Subject<{ readonly pid: number; readonly args: readonly string[] }>();
  const joins = source.pipe(joinBy({ exec: execs }, (e) => e.pid));
  type Open = { readonly pid: number; readonly path: string };
  expectTypeOf(joins).toEqualTypeOf<Observable<Joined<Open, { exec: typeof execs }>>>();
  joins.subscribe((one) => {
    expectTypeOf(one.path).toEqualTypeOf<string>();
    expectTypeOf(one.exec?.args).toEqualTypeOf<readonly string[] | undefined>();
  });
  source.pipe(joinBy({ exec: execs }, (e) => e.path, { otherKey: (e) => e.args.join(" "), wait: 5 }));
  // @ts-expect-error not all have a path
  void (() => source.pipe(joinBy({ exec: execs }, (e) => e.path)));
});
