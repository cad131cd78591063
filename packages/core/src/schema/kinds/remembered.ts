/** Caches decoded names and addresses of 16 bytes, found by their bytes, as the same ones occur again and again. */
export function remembered(u32: Uint32Array, decode: (position: number) => string): (position: number) => string {
  const SLOTS = 256;
  const WORDS = 4;
  const seen = new Uint32Array(SLOTS * WORDS);
  const texts: (string | undefined)[] = new Array(SLOTS).fill(undefined);
  return (position) => {
    const w = position >>> 2;
    const a = u32[w]!;
    const b = u32[w + 1]!;
    const c = u32[w + 2]!;
    const d = u32[w + 3]!;
    const slot = Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 961) ^ Math.imul(d, 29791), 0x9e3779b1) >>> 24;
    const s = slot * WORDS;
    const known = texts[slot];
    if (known !== undefined && seen[s] === a && seen[s + 1] === b && seen[s + 2] === c && seen[s + 3] === d)
      return known;
    seen[s] = a;
    seen[s + 1] = b;
    seen[s + 2] = c;
    seen[s + 3] = d;
    return (texts[slot] = decode(position));
  };
}
