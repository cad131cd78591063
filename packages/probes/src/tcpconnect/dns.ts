import { decode, type Packet } from "dns-packet";
import ipaddr from "ipaddr.js";

const MOST_ADDRESSES = 10_240;
/** Connects are told up to a second late; for them the answers before the last are kept too. */
const MOST_ANSWERS = 8;
const KEEP_MS = 24 * 60 * 60 * 1000;

interface Answer {
  readonly name: string;
  /** Unix milliseconds. */
  readonly time: number;
}

/** Remembers which names an address was the answer for, of the answers that processes receive. */
export class DnsAnswers {
  /** By address, the one answered for longest ago first; the answers of each with the last first. */
  readonly #answers = new Map<string, readonly Answer[]>();

  /** Takes in a packet, which may be anything: what is no answer to one query is left out. */
  take({ time, packet }: { readonly time: number; readonly packet: Uint8Array }): void {
    const answer = decodeAnswer(Buffer.from(packet));
    const [question] = answer?.questions ?? [];
    if (!answer || !question) return;
    for (const record of answer.answers ?? []) {
      // Other types on the way are the chain of CNAMEs from the name that was asked for.
      if (record.type !== "A" && record.type !== "AAAA") continue;
      const address = canonical(record.data);
      if (address !== undefined) this.#remember(address, { name: question.name, time });
    }
  }

  /** The last answer before `time` that gave an address, if it came at most a day before. */
  find(address: string, time: number): Answer | undefined {
    const answer = this.#answers.get(address)?.find((answer) => answer.time <= time);
    return answer && time - answer.time < KEEP_MS ? answer : undefined;
  }

  #remember(address: string, answer: Answer): void {
    const before = this.#answers.get(address) ?? [];
    this.#answers.delete(address);
    this.#answers.set(address, [answer, ...before.slice(0, MOST_ANSWERS - 1)]);
    if (this.#answers.size > MOST_ADDRESSES) this.#answers.delete(this.#answers.keys().next().value!);
  }
}

/** The places of a header's counts, RFC 1035 section 4.1.1. */
const QUESTIONS = 4;
const ANSWERS = 6;
const AUTHORITIES = 8;
const ADDITIONAL = 10;
const HEADER_BYTES = 12;
/** No answer is shorter: a root name, type, class, time to live, and the length of nothing. */
const ANSWER_BYTES = 11;

/** Decodes a packet that answers one query, without what is not needed of it. Changes the packet. */
function decodeAnswer(packet: Buffer): Packet | undefined {
  if (packet.length < HEADER_BYTES || packet.readUInt16BE(QUESTIONS) !== 1) return undefined;
  // Room is made for as many as the packet says that it holds.
  if (packet.readUInt16BE(ANSWERS) * ANSWER_BYTES > packet.length) return undefined;
  packet.writeUInt16BE(0, AUTHORITIES);
  packet.writeUInt16BE(0, ADDITIONAL);
  try {
    const decoded = decode(packet);
    return decoded.type === "response" ? decoded : undefined;
  } catch {
    return undefined; // not DNS, or cut
  }
}

/** An address as rows show it; undefined for one that was cut. */
function canonical(address: string): string | undefined {
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : undefined;
}
