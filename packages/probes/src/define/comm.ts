import type { Constant } from "@rxbpf/core/bpf";

import { UsageError } from "./options.js";

/** The words of the automaton in bpf/include/filter.bpf.h, and their bits. */
const WORDS = 4;
const BITS = 64;

/**
 * The constants that make the kernel look for names of which a thread's name contains one.
 * @throws UsageError for names that are too long together
 */
export function commConstants(names: readonly string[]): Readonly<Record<string, Constant>> {
  const starts = new BigUint64Array(WORDS);
  const ends = new BigUint64Array(WORDS);
  const accepts = new BigUint64Array(256 * WORDS);
  let [word, bit] = [0, 0];
  for (const name of names) {
    const bytes = Buffer.from(name);
    // A name does not cross the border of a word.
    if (bit + bytes.length > BITS) [word, bit] = [word + 1, 0];
    if (word >= WORDS) throw new UsageError(`comm takes names of ${WORDS * BITS} bytes together, or less`);
    starts[word]! |= 1n << BigInt(bit);
    for (const byte of bytes) accepts[byte * WORDS + word]! |= 1n << BigInt(bit++);
    ends[word]! |= 1n << BigInt(bit - 1);
  }
  return { comm_words: word + 1, comm_starts: starts, comm_ends: ends, comm_accepts: accepts };
}
