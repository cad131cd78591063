import { type Answer, encode, type Packet } from "dns-packet";
import { expect, test } from "vitest";

import { DnsAnswers } from "../src/tcpconnect/dns.js";

const NETNS = 4026531840;
const ASKED = { pid: 100, uid: 1000, netnsId: NETNS, socket: 7, server: "192.0.2.53" };

function a(data: string): Answer {
  return { name: "a.test", type: "A", data };
}

/** What the program tells of a packet: a query at 0, or an answer. */
function told(message: Packet, more: Partial<typeof ASKED> & { readonly time?: number } = {}) {
  const query = message.type === "query";
  return { time: 0, ...ASKED, ...more, query, packet: encode(message) } as unknown as Parameters<DnsAnswers["take"]>[0];
}

function question(name: string, more: Packet = {}): Packet {
  return { type: "query", id: 1, questions: [{ type: "A", name }], ...more };
}

function answer(name: string, answers: readonly Answer[], more: Packet = {}): Packet {
  return { type: "response", id: 1, questions: [{ type: "A", name }], answers: [...answers], ...more };
}

/** A process that asks and is answered at a time. */
function ask(answers: DnsAnswers, time: number, name: string, ...given: readonly Answer[]): void {
  answers.take(told(question(name), { time }));
  answers.take(told(answer(name, given), { time }));
}

function find(answers: DnsAnswers, remoteAddress: string, time: number, more: Partial<typeof ASKED> = {}) {
  return answers.find({ ...ASKED, remoteAddress, time, ...more });
}

test("an answer is found by each of its addresses, as rows show them", () => {
  const answers = new DnsAnswers();
  const v6: Answer = { name: "a.test", type: "AAAA", data: "2001:0db8:0:0:0:0:0:1" };
  const mapped: Answer = { name: "a.test", type: "AAAA", data: "::ffff:192.0.2.3" };
  ask(answers, 5, "a.test", a("192.0.2.1"), a("192.0.2.2"), v6, mapped);
  for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"])
    expect(find(answers, address, 6)).toMatchObject({ name: "a.test", time: 5 });
  expect(find(answers, "192.0.2.9", 6)).toBeUndefined();
});

test("the last answer before a time is found, if it is less than a day old", () => {
  const answers = new DnsAnswers();
  for (const time of [10, 20, 30]) ask(answers, time, `at${time}.test`, a("192.0.2.1"));
  expect(find(answers, "192.0.2.1", 9)).toBeUndefined();
  expect(find(answers, "192.0.2.1", 10)?.name).toBe("at10.test");
  expect(find(answers, "192.0.2.1", 29)?.name).toBe("at20.test");
  const DAY = 24 * 60 * 60 * 1000;
  expect(find(answers, "192.0.2.1", 30 + DAY - 1)?.name).toBe("at30.test");
  expect(find(answers, "192.0.2.1", 30 + DAY)).toBeUndefined();
});

test("only answers to one question are taken", () => {
  const one = { type: "A", name: "a.test" } as const;
  const packets: Packet[] = [
    question("a.test", { answers: [a("192.0.2.1")] }),
    answer("a.test", [a("192.0.2.1")], { questions: [] }),
    answer("a.test", [a("192.0.2.1")], { questions: [one, one] }),
  ];
  for (const packet of packets) {
    const answers = new DnsAnswers();
    answers.take(told(question("a.test")));
    answers.take({ ...told(packet), query: false });
    expect(find(answers, "192.0.2.1", 2)).toBeUndefined();
  }
});

test("an answer counts once, and only from the server and to the socket that it was asked of, by, in time and in what words", () => {
  const given = [a("192.0.2.1")];
  const other = { type: "AAAA", name: "a.test" } as const;
  const forged = [
    told(answer("a.test", given, { id: 2 })),
    told(answer("b.test", given)),
    told(answer("a.test", given, { questions: [other] })),
    told(answer("a.test", given), { server: "192.0.2.54" }),
    told(answer("a.test", given), { socket: 8 }),
    told(answer("a.test", given), { netnsId: 2 }),
    told(answer("a.test", given), { time: 61_000 }),
  ];
  for (const packet of forged) {
    const answers = new DnsAnswers();
    answers.take(packet);
    answers.take(told(question("a.test")));
    answers.take(packet);
    for (const netnsId of [NETNS, 2]) expect(find(answers, "192.0.2.1", 99_000, { netnsId })).toBeUndefined();
  }
  const answers = new DnsAnswers();
  answers.take(told(question("A.Test")));
  answers.take(told(answer("a.test", given)));
  answers.take(told(answer("a.test", [a("192.0.2.2")])));
  expect(find(answers, "192.0.2.1", 2)?.name).toBe("a.test");
  expect(find(answers, "192.0.2.2", 2)).toBeUndefined();
});

test("whose answer counts for whom", () => {
  const answers = new DnsAnswers();
  const take = (name: string, time: number, who: Partial<typeof ASKED>) => {
    answers.take(told(question(name), { time, ...who }));
    answers.take(told(answer(name, [a("192.0.2.1")]), { time, ...who }));
  };
  take("own.test", 1, {});
  take("user.test", 2, { pid: 200 });
  take("system.test", 3, { pid: 300, uid: 101 });
  take("other.test", 4, { pid: 400, uid: 65534 });
  take("elsewhere.test", 5, { netnsId: 2, uid: 0 });
  const name = (who: Partial<typeof ASKED>) => find(answers, "192.0.2.1", 9, who)?.name;
  expect(name({})).toBe("own.test");
  expect(name({ pid: 201 })).toBe("system.test");
  expect(name({ pid: 200 })).toBe("user.test");
  expect(name({ pid: 500, uid: 0 })).toBe("system.test");
  expect(name({ pid: 500, uid: 1001 })).toBe("system.test");
  expect(name({ pid: 500, uid: 65534 })).toBe("other.test");
  expect(name({ netnsId: 2 })).toBe("elsewhere.test");
  expect(name({ netnsId: 3 })).toBeUndefined();
});

test("whoever asks for more addresses than there is room for takes nobody else's names away", () => {
  const answers = new DnsAnswers();
  const address = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  ask(answers, 0, "first.test", a("192.0.2.1"));
  const flood = { uid: 65534, pid: 400 };
  for (let i = 0; i < 700; i++) {
    const many = [...Array(100).keys()].map((j) => a(address(100 * i + j)));
    answers.take(told(question("many.test"), flood));
    answers.take(told(answer("many.test", many), flood));
  }
  expect(find(answers, "192.0.2.1", 1)?.name).toBe("first.test");
  expect(find(answers, address(0), 1, flood)).toBeUndefined();
  expect(find(answers, address(69_999), 1, flood)?.name).toBe("many.test");
});

test("packets that claim or point at what they have not are left out, and cost little", () => {
  const answers = new DnsAnswers();
  const good = Buffer.from(encode(answer("a.test", [a("192.0.2.1")])));
  // Each name is a pointer to the pointer before it.
  const chain = Buffer.alloc(4096);
  good.copy(chain);
  for (let at = 24; at < 3000; at += 2) chain.writeUInt16BE(0xc000 | (at === 24 ? 12 : at - 2), at);
  chain.writeUInt16BE(300, 6);
  const claims = Buffer.from(good);
  claims.fill(0xff, 6, 12);
  const take = (packet: Uint8Array) => {
    answers.take(told(question("a.test")));
    answers.take({ ...told(answer("a.test", [])), packet });
  };
  const start = performance.now();
  for (let i = 0; i < 1000; i++) for (const packet of [chain, claims]) take(packet);
  expect(performance.now() - start).toBeLessThan(5_000);
  for (let i = 0; i < good.length; i++) take(good.subarray(0, i));
  expect(find(answers, "192.0.2.1", 2)).toBeUndefined();
  take(good);
  expect(find(answers, "192.0.2.1", 2)?.name).toBe("a.test");
});
