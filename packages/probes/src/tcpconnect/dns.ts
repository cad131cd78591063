import { type Answer as Resource, decode, type Packet, type Question } from "dns-packet";
import ipaddr from "ipaddr.js";

import type { DnsPacket } from "./schema.js";
import { Shares } from "./shares.js";

const MOST_ADDRESSES = 65_536;
const MOST_QUERIES = 16_384;
/** Connects are reported up to a second late, so the answers before the last are kept for them. */
const MOST_ANSWERS = 8;
const KEEP_MS = 24 * 60 * 60 * 1000;
/** How long to wait for an answer. Resolvers give up sooner. */
const ANSWERED_MS = 60 * 1000;
/** System users have ids below this, among them the name services that ask for others: `SYS_UID_MAX` of login.defs(5). */
const SYSTEM_UIDS = 1000;

interface Answer {
  readonly name: string;
  /** Unix milliseconds. */
  readonly time: number;
  /** The id of the process that received it. */
  readonly pid: number;
}

/** The process that connects. */
interface Connecting {
  readonly time: number;
  readonly remoteAddress: string;
  readonly netnsId: number;
  readonly pid: number;
  readonly uid: number;
}

/**
 * Remembers which names resolved to an address, from the DNS answers that processes receive. An answer counts if the same
 * socket had asked that server that question, and only for processes that it can have reached: for connects in the same network
 * namespace, by the same user, or by any user if a system user received it, as name services answer for others.
 */
export class DnsAnswers {
  /** When a socket asked, by server and question. */
  readonly #queries = new Shares<number>(MOST_QUERIES);
  /** Answers by address, the last first. */
  readonly #answers = new Shares<readonly Answer[]>(MOST_ADDRESSES);

  /** Takes in a packet, which may hold anything; ignores it unless it is a query or the answer to one. */
  take({ time, pid, uid, netnsId, socket, server, query, packet }: DnsPacket): void {
    const message = decodeMessage(Buffer.from(packet));
    const [question] = message?.questions ?? [];
    if (!message || !question || (message.type === "query") !== query) return;
    const owner = ownerOf(netnsId, uid);
    const asked = `${socket} ${server} ${message.id} ${asText(question)}`;
    if (query) {
      this.#queries.set(owner, asked, time);
      return;
    }
    const since = this.#queries.get(owner, asked);
    this.#queries.delete(owner, asked);
    if (since === undefined || time - since > ANSWERED_MS) return;
    for (const address of (message.answers ?? []).flatMap(addressIn)) {
      const before = this.#answers.get(owner, address) ?? [];
      this.#answers.set(owner, address, [{ name: question.name, time, pid }, ...before.slice(0, MOST_ANSWERS - 1)]);
    }
  }

  /** The last answer with the address before a connect: the process's own, else another that counts; at most a day old. */
  find({ time, remoteAddress, netnsId, pid, uid }: Connecting): Answer | undefined {
    const owners = new Set([ownerOf(netnsId, uid), ownerOf(netnsId, 0)]);
    const answers = [...owners]
      .flatMap((owner) => this.#answers.get(owner, remoteAddress) ?? [])
      .filter((answer) => answer.time <= time && time - answer.time < KEEP_MS)
      .sort((a, b) => b.time - a.time);
    return answers.find((answer) => answer.pid === pid) ?? answers[0];
  }
}

function ownerOf(netnsId: number, uid: number): string {
  return `${netnsId} ${uid < SYSTEM_UIDS ? "system" : uid}`;
}

/** Names are compared without case, which servers may change. */
function asText({ name, type }: Question): string {
  return `${name.toLowerCase()} ${type}`;
}

/** The offsets of the counts in a header, RFC 1035 section 4.1.1. */
const QUESTIONS = 4;
const ANSWERS = 6;
const AUTHORITIES = 8;
const ADDITIONAL = 10;
const HEADER_BYTES = 12;
/** The shortest answer, in bytes: a root name, type, class, time to live, and a length of 0. */
const ANSWER_BYTES = 11;

/** Decodes a packet with one question, without the parts that are not needed. Changes the packet. */
function decodeMessage(packet: Buffer): Packet | undefined {
  if (packet.length < HEADER_BYTES || packet.readUInt16BE(QUESTIONS) !== 1) return undefined;
  // The decoder allocates room for as many records as the packet claims to hold.
  if (packet.readUInt16BE(ANSWERS) * ANSWER_BYTES > packet.length) return undefined;
  packet.writeUInt16BE(0, AUTHORITIES);
  packet.writeUInt16BE(0, ADDITIONAL);
  try {
    return decode(packet);
  } catch {
    return undefined; // not DNS, or cut
  }
}

/** The address in an answer, as rows show it. Answers of other types are the CNAMEs that lead from the name to the address. */
function addressIn(answer: Resource): string[] {
  if ((answer.type !== "A" && answer.type !== "AAAA") || !ipaddr.isValid(answer.data)) return [];
  return [ipaddr.process(answer.data).toString()];
}
