/** What stands for one character of a name, or with `star` for any number of any. */
type Token = { readonly star: true } | { readonly star?: never; accepts(byte: number): boolean };

/**
 * The tokens of a pattern as shells have it: `*`, `?`, `[a-z]`, `[!a-z]`, and a backslash before what stands for itself. It is of
 * bytes, as names are.
 */
function globTokens(pattern: string): Token[] {
  const parts = pattern.match(/\\[^]|\[[!^]?\]?[^\]]*\]|[^]/gu) ?? [];
  return parts.flatMap((part): Token[] => {
    if (part === "*") return [{ star: true }];
    if (part === "?") return [{ accepts: () => true }];
    if (part.length > 2 && part.startsWith("[")) return [{ accepts: oneOf(part.slice(1, -1)) }];
    const literal = part.length > 1 && part.startsWith("\\") ? part.slice(1) : part;
    return [...Buffer.from(literal)].map((byte) => ({ accepts: (one) => one === byte }));
  });
}

/** What stands between the brackets. */
function oneOf(text: string): (byte: number) => boolean {
  const not = /^[!^]/.test(text);
  const bytes = [...Buffer.from(not ? text.slice(1) : text)];
  const accepted = new Set<number>();
  for (let i = 0; i < bytes.length; i++) {
    const isRange = bytes[i + 1] === 0x2d && i + 2 < bytes.length;
    const last = isRange ? bytes[i + 2]! : bytes[i]!;
    for (let byte = bytes[i]!; byte <= last; byte++) accepted.add(byte);
    if (isRange) i += 2;
  }
  return (byte) => accepted.has(byte) !== not;
}

/** Bits of the automaton, as bpf/filters/follow_cgroups.bpf.c has it. */
const BITS = 512;
const WORDS = BITS / 64;
/** What of them there is for names that people ask for. */
const MOST_CHARACTERS = 256;

/** Patterns as the constants of the automaton that looks at each new cgroup's name. */
export interface Automaton {
  readonly name_starts: BigUint64Array;
  readonly name_stays: BigUint64Array;
  readonly name_ends: BigUint64Array;
  readonly told_ends: BigUint64Array;
  readonly name_accepts: BigUint64Array;
}

/**
 * @param asked patterns of names that are chosen
 * @param told patterns of names that user space has to look at
 * @throws Error where they are too long together
 */
export function automatonOf(asked: readonly string[], told: readonly string[]): Automaton {
  const places = (patterns: readonly string[]): number =>
    patterns.reduce((sum, pattern) => sum + 1 + globTokens(pattern).filter(({ star }) => !star).length, 0);
  if (places(asked) > MOST_CHARACTERS || places(asked) + places(told) > BITS)
    throw new Error(`Cannot look for so many names: together they may have ${MOST_CHARACTERS} characters at most`);
  const automaton = {
    name_starts: new BigUint64Array(WORDS),
    name_stays: new BigUint64Array(WORDS),
    name_ends: new BigUint64Array(WORDS),
    told_ends: new BigUint64Array(WORDS),
    name_accepts: new BigUint64Array(256 * WORDS),
  };
  const set = (bits: BigUint64Array, place: number, row = 0): void => {
    bits[row * WORDS + (place >> 6)]! |= 1n << BigInt(place & 63);
  };
  let place = 0;
  const add = (pattern: string, ends: BigUint64Array): void => {
    set(automaton.name_starts, place);
    for (const token of globTokens(pattern)) {
      if (token.star) {
        set(automaton.name_stays, place);
        continue;
      }
      for (let byte = 1; byte < 256; byte++) if (token.accepts(byte)) set(automaton.name_accepts, place, byte);
      place++;
    }
    set(ends, place++);
  };
  for (const pattern of asked) add(pattern, automaton.name_ends);
  for (const pattern of told) add(pattern, automaton.told_ends);
  return automaton;
}

/** Whether a name is one that a pattern stands for. */
export function globMatcher(pattern: string): (name: string) => boolean {
  const tokens = globTokens(pattern);
  return (name) => {
    let reached = withStars(tokens, new Set([0]));
    for (const byte of Buffer.from(name)) {
      const next = new Set<number>();
      for (const place of reached) {
        const token = tokens[place];
        if (token?.star) next.add(place);
        else if (token?.accepts(byte)) next.add(place + 1);
      }
      reached = withStars(tokens, next);
    }
    return reached.has(tokens.length);
  };
}

/** Also the places behind stars, which may stand for nothing. */
function withStars(tokens: readonly Token[], reached: ReadonlySet<number>): Set<number> {
  const all = new Set<number>();
  for (let place of reached) {
    all.add(place);
    while (tokens[place]?.star) all.add(++place);
  }
  return all;
}

/** Whether a word is a pattern, not a name. */
export function isGlob(word: string): boolean {
  return /[*?[]/.test(word);
}
