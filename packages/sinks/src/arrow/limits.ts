// What a recording may ask of a reader. It may come from anybody: its work and its memory are bounded by its size.

/** No message's metadata comes near this; a damaged length does. */
export const MOST_METADATA = 64 << 20;
/** Nor does a body, however long its texts. */
export const MOST_BODY = 1 << 30;
/** A batch of more rows is damaged. */
export const MOST_ROWS = 1 << 24;
/** What was compressed in one batch has at most so many bytes. Our own batches are written once they have a quarter of it. */
export const MOST_UNPACKED = 64 << 20;

/**
 * How many bytes a compressed body of so many bytes may stand for. Events come nowhere near this; what is made to keep a
 * reader busy does. A writer that would exceed it stores some of the body uncompressed.
 */
export function mostUnpacked(body: number): number {
  return (64 << 10) + 64 * body;
}

/** How many values, rows times columns, a compressed body may have: not many more than uncompressed, where each takes a bit at least. */
export function mostValues(body: number): number {
  return 1024 + 8 * body;
}

/** Of a text in JSON: characters, objects and lists, how deep they are nested, and digits of an integer. */
export const JSON_LIMITS = { length: 16 << 20, containers: 1 << 20, depth: 1000, digits: 10_000 } as const;
