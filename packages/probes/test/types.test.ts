import { type Count, countBy, type EventStream, iterate, joinBy, orderByTime, type Table, top } from "@rxbpf/core";
import type { Flow } from "@rxbpf/core/events";
import {
  biolatency,
  type ConnectCount,
  type ConnectEvent,
  type ExecEvent,
  execsnoop,
  type OpenEvent,
  opensnoop,
  tcpconnect,
} from "@rxbpf/probes";
import { map, merge, type Observable } from "rxjs";
import { expectTypeOf, test } from "vitest";

// `npm run check` type-checks this file; running it only builds the streams.

test("opensnoop() is a stream of OpenEvents, and operators keep the types", () => {
  expectTypeOf(opensnoop()).toEqualTypeOf<EventStream<OpenEvent>>();
  expectTypeOf(opensnoop({ failed: true }).until([])).toEqualTypeOf<EventStream<OpenEvent>>();
  expectTypeOf(opensnoop().pipe(map((event) => event.path))).toEqualTypeOf<Flow<string>>();
  expectTypeOf<OpenEvent>().toEqualTypeOf<{
    readonly time: number;
    readonly pid: number;
    readonly tid: number;
    readonly ppid: number;
    readonly execId: number;
    readonly uid: number;
    readonly comm: string;
    readonly cgroupId: number;
    readonly mntnsId: number;
    readonly cpu: number;
    readonly container?: string;
    readonly unit?: string;
    readonly pod?: string;
    readonly cgroupPath?: string;
    readonly ret: number;
    readonly flags: number;
    readonly mode: number;
    readonly path: string;
    readonly truncated: boolean;
    readonly ioUring: boolean;
  }>();
});

test("a condition is on the events, or on what is counted, and changes no type", () => {
  const opens = opensnoop().where((e) => expectTypeOf(e).toEqualTypeOf<OpenEvent>() === undefined);
  expectTypeOf(opens).toEqualTypeOf<EventStream<OpenEvent>>();
  const counts = tcpconnect.count().where((e) => expectTypeOf(e).toEqualTypeOf<ConnectEvent>() === undefined);
  expectTypeOf(counts.until([])).toExtend<EventStream<Table<ConnectCount>>>();
});

test("the operators of core need no annotations", () => {
  expectTypeOf(opensnoop().pipe(countBy((e) => e.comm))).toEqualTypeOf<Flow<Table<Count<string>>>>();
  const named = opensnoop({ show: ["container", "cgroup"] });
  expectTypeOf(named.pipe(countBy((e) => e.container))).toEqualTypeOf<Flow<Table<Count<string | undefined>>>>();
  expectTypeOf(opensnoop().pipe(top(5, (e) => e.pid))).toEqualTypeOf<Flow<Table<Count<number>>>>();
  opensnoop()
    .pipe(joinBy({ exec: execsnoop() }, (e) => e.pid))
    .pipe(map((e) => expectTypeOf(e.path).toEqualTypeOf<string>() && e.exec))
    .pipe(map((exec) => expectTypeOf(exec).toEqualTypeOf<ExecEvent | undefined>()));
  opensnoop().pipe(joinBy({ exec: execsnoop() }, (e) => e.ppid, { otherKey: (e) => e.pid }));
  expectTypeOf(merge(opensnoop(), execsnoop()).pipe(orderByTime(50))).toEqualTypeOf<
    Observable<OpenEvent | ExecEvent>
  >();
});

test("streams are for loops", () => {
  const loop = async () => {
    for await (const event of execsnoop()) expectTypeOf(event).toEqualTypeOf<ExecEvent>();
    for await (const path of opensnoop().pipe(map((e) => e.path))) expectTypeOf(path).toEqualTypeOf<string>();
    for await (const event of iterate(merge(opensnoop()))) expectTypeOf(event).toEqualTypeOf<OpenEvent>();
  };
  expectTypeOf(loop).returns.resolves.toBeVoid();
});

test("misuse does not compile", () => {
  const misuses = [
    // @ts-expect-error there is no such option
    () => opensnoop({ fail: true }),
    // @ts-expect-error there is no such name
    () => opensnoop({ show: ["containers"] }),
    // @ts-expect-error no row belongs to a process
    () => biolatency({ show: ["container"] }),
    // @ts-expect-error events have no such field
    () => opensnoop().where((e) => e.rett < 0),
    // @ts-expect-error a process id is a number
    () => opensnoop({ pid: "5" }),
    // @ts-expect-error flags are a list
    () => opensnoop({ flagFilter: "O_CREAT" }),
    // @ts-expect-error there is no such flag
    () => opensnoop({ flagFilter: ["O_CRET"] }),
    // @ts-expect-error a flag is a boolean
    () => opensnoop({ failed: 1 }),
    // @ts-expect-error the options are one object
    () => opensnoop(5),
    // @ts-expect-error an event has no such field
    () => opensnoop().pipe(map((event) => event.pids)),
    // @ts-expect-error events are read-only
    () => opensnoop().pipe(map((event) => (event.pid = 5))),
    // @ts-expect-error a path is a string
    () => opensnoop().subscribe((event) => (event.path + event.path) satisfies number),
  ];
  expectTypeOf(misuses).toBeArray();
});
