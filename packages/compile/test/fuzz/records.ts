import { addressText } from "../support.js";
import { blank, OPERATIONS, type Sample } from "../sample.js";
import { NUMBERS, type Random, WORDS } from "./expressions.js";

/** A random record, of values near those that the predicates compare with. */
export function randomSample(random: Random): Sample {
  const near = (): number => NUMBERS[random(NUMBERS.length)]! + random(3) - 1;
  const unsigned = (bits: number): number => Math.abs(near()) % 2 ** bits;
  const signed = (): number => (random(2) === 0 ? near() : -near());
  const remote = randomAddress(random);
  return {
    small: unsigned(8),
    port: unsigned(16),
    flags: unsigned(32),
    ret: signed() | 0,
    bytes: Math.min(Math.abs(near()), Number.MAX_SAFE_INTEGER),
    delta: Math.max(Math.min(signed(), Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER),
    cut: random(2) === 0,
    operation: random(OPERATIONS.length + 2),
    comm: chars(random, 16),
    disk: chars(random, 7),
    remote: random(3) === 0 ? blank.remote : { text: addressText(remote), bytes: remote },
    path: bytes(random),
    file: bytes(random),
  };
}

/** Words one after the other, and sometimes bytes that are no text. */
function bytes(random: Random): Buffer {
  const parts = Array.from({ length: random(3) }, () =>
    random(8) === 0 ? Buffer.from([random(256), random(256)]) : Buffer.from(WORDS[random(WORDS.length)]!),
  );
  return Buffer.concat(parts);
}

/** The bytes of a name; sometimes with other bytes after its NUL. */
function chars(random: Random, size: number): Buffer {
  const name = bytes(random);
  const whole = random(2) === 0 ? Buffer.concat([name, Buffer.from("\0nginx")]) : name;
  return Buffer.concat([whole, Buffer.alloc(size)]).subarray(0, size);
}

function randomAddress(random: Random): Buffer {
  const known = [
    "00000000000000000000000000000001",
    "fe800000000000000000000000000001",
    "00000000000000000000ffff0a000001",
  ];
  return Buffer.from(known[random(known.length)]!, "hex");
}
