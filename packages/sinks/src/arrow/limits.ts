// Limits on what a recording may cost its reader. Recordings are untrusted, so work and memory are bounded by their
// size.

/** The most bytes of a message's metadata. No honest message comes near it; a damaged length does. */
export const MOST_METADATA = 64 << 20;
/** The most bytes of a message's body, however long its texts. */
export const MOST_BODY = 1 << 30;
/** The most rows of a batch. A batch that claims more is damaged. */
export const MOST_ROWS = 1 << 24;
/** The most bytes of a batch after decompression. Our own batches are written once they have a quarter of it. */
export const MOST_UNPACKED = 64 << 20;

/**
 * How many bytes a compressed body may expand to, by its size. Real events come nowhere near this; a body made to keep
 * a reader busy does. A writer that would exceed it stores some of the body uncompressed.
 */
export function mostUnpacked(body: number): number {
  return (64 << 10) + 64 * body;
}

/**
 * How many values, rows times columns, a compressed body may have: not many more than an uncompressed body, where each
 * takes at least a bit.
 */
export function mostValues(body: number): number {
  return 1024 + 8 * body;
}

/** Limits on a JSON text: its characters, its objects and lists, their depth, and the digits of an integer. */
export const JSON_LIMITS = { length: 16 << 20, containers: 1 << 20, depth: 1000, digits: 10_000 } as const;
