import { type Answer, encode } from "dns-packet";
import { expect, test } from "vitest";

import { DnsAnswers } from "../src/tcpconnect/dns.js";

function packet(name: string, ...answers: readonly Answer[]): Uint8Array {
  return encode({ type: "response", questions: [{ type: "A", name }], answers: [...answers] });
}

function a(data: string): Answer {
  return { name: "a.test", type: "A", data };
}

test("an answer is found by each of its addresses, as rows show them", () => {
  const answers = new DnsAnswers();
  const v6: Answer = { name: "a.test", type: "AAAA", data: "2001:0db8:0:0:0:0:0:1" };
  const mapped: Answer = { name: "a.test", type: "AAAA", data: "::ffff:192.0.2.3" };
  answers.take({ time: 5, packet: packet("a.test", a("192.0.2.1"), a("192.0.2.2"), v6, mapped) });
  for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"])
    expect(answers.find(address, 6)).toEqual({ name: "a.test", time: 5 });
  expect(answers.find("192.0.2.9", 6)).toBeUndefined();
});

test("the last answer before a time is found, if it is less than a day old", () => {
  const answers = new DnsAnswers();
  for (const time of [10, 20, 30]) answers.take({ time, packet: packet(`at${time}.test`, a("192.0.2.1")) });
  expect(answers.find("192.0.2.1", 9)).toBeUndefined();
  expect(answers.find("192.0.2.1", 10)?.name).toBe("at10.test");
  expect(answers.find("192.0.2.1", 29)?.name).toBe("at20.test");
  const DAY = 24 * 60 * 60 * 1000;
  expect(answers.find("192.0.2.1", 30 + DAY - 1)?.name).toBe("at30.test");
  expect(answers.find("192.0.2.1", 30 + DAY)).toBeUndefined();
});

test("only answers to one question are taken", () => {
  const answers = new DnsAnswers();
  const question = { type: "A", name: "a.test" } as const;
  const packets = [
    encode({ type: "query", questions: [question], answers: [a("192.0.2.1")] }),
    encode({ type: "response", questions: [], answers: [a("192.0.2.1")] }),
    encode({ type: "response", questions: [question, question], answers: [a("192.0.2.1")] }),
  ];
  for (const packet of packets) answers.take({ time: 1, packet });
  expect(answers.find("192.0.2.1", 2)).toBeUndefined();
});

test("it forgets the addresses answered for longest ago, past ten thousand", () => {
  const answers = new DnsAnswers();
  const address = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  answers.take({ time: 0, packet: packet("first.test", a(address(0))) });
  for (let i = 1; i < 10_240; i++) answers.take({ time: i, packet: packet("a.test", a(address(i))) });
  expect(answers.find(address(0), 1e6)?.name).toBe("first.test");
  answers.take({ time: 1e5, packet: packet("b.test", a(address(0)), a(address(10_240))) });
  expect(answers.find(address(1), 1e6)).toBeUndefined();
  expect(answers.find(address(0), 1e6)?.name).toBe("b.test");
});

test("packets that claim or point at what they have not are left out, and cost little", () => {
  const answers = new DnsAnswers();
  const good = Buffer.from(packet("a.test", a("192.0.2.1")));
  // Each name is a pointer to the pointer before it.
  const chain = Buffer.alloc(4096);
  good.copy(chain);
  for (let at = 24; at < 3000; at += 2) chain.writeUInt16BE(0xc000 | (at === 24 ? 12 : at - 2), at);
  chain.writeUInt16BE(300, 6);
  const claims = Buffer.from(good);
  claims.fill(0xff, 6, 12);
  const start = performance.now();
  for (let i = 0; i < 1000; i++) for (const packet of [chain, claims]) answers.take({ time: 1, packet });
  expect(performance.now() - start).toBeLessThan(5_000);
  for (let i = 0; i < good.length; i++) answers.take({ time: 1, packet: good.subarray(0, i) });
  expect(answers.find("192.0.2.1", 2)).toBeUndefined();
});
