import { decode } from "dns-packet";
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
    let answer;
    try {
      answer = decode(Buffer.from(packet));
    } catch {
      return; // not DNS, or cut
    }
    const { type, questions = [], answers = [] } = answer;
    const [question] = questions;
    if (type !== "response" || questions.length !== 1 || !question) return;
    for (const record of answers) {
      // Other types on the way are the chain of CNAMEs from the name that was asked for.
      if (record.type === "A" || record.type === "AAAA") this.#remember(canonical(record.data), { name: question.name, time });
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

/** An address as rows show it. */
function canonical(address: string): string {
  return ipaddr.process(address).toString();
}
