/** How many a person reads. */
const MOST = 4;
/** Of letters more, fewer or other. */
const TYPING_ERRORS = 2;

/** Of some names those that somebody may have meant who typed a word: at most 4. */
export function near(word: string, names: readonly string[]): string[] {
  const plain = word.replace(/\.(?:service|scope|slice)$/, "").replaceAll(/[*?[\]]/g, "");
  const isNear = (name: string): boolean => {
    const short = name.replace(/\.(?:service|scope|slice)$/, "");
    if (plain.length >= 3 && (name.includes(plain) || (short.length >= 3 && plain.includes(short)))) return true;
    return distance(plain, short) <= Math.min(TYPING_ERRORS, plain.length / 3);
  };
  return [...new Set(names)].filter(isNear).sort().slice(0, MOST);
}

/** Levenshtein's: how many letters are to be put in, taken out or changed. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1));
    row = next;
  }
  return row[other.length]!;
}
