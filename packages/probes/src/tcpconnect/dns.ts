import { decode } from "dns-packet";
import ipaddr from "ipaddr.js";

const MOST = 10_240;
const KEEP_MS = 24 * 60 * 60 * 1000;

interface Answer {
  readonly name: string;
  /** Unix milliseconds. */
  readonly time: number;
}

/** Remembers which name an address was the answer for, of the answers that processes receive. */
export class DnsAnswers {
  /** By address, the oldest first. */
  readonly #answers = new Map<string, Answer>();

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
      if (record.type !== "A" && record.type !== "AAAA") continue;
      const address = canonical(record.data);
      if (address === undefined) continue;
      this.#answers.delete(address);
      this.#answers.set(address, { name: question.name, time });
      if (this.#answers.size > MOST) this.#answers.delete(this.#answers.keys().next().value!);
    }
  }

  /** The answer that gave an address last, if it was seen at most a day before `time`. */
  find(address: string, time: number): Answer | undefined {
    const answer = this.#answers.get(address);
    return answer && time - answer.time < KEEP_MS ? answer : undefined;
  }
}

/** An address as rows show it. */
function canonical(address: string): string | undefined {
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : undefined;
}
