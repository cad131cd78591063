/**
 * To the kernel the strings of events are bytes, and mostly UTF-8. A byte that is not UTF-8 becomes a character of its
 * own, U+EF00 + byte, in the range U+EF80 to U+EFFF; so do the bytes of those characters themselves. So every string
 * stands for exactly one sequence of bytes, and every reader of JSON and Arrow accepts it as text. U+FFFD would stand
 * for any byte; lone surrogates, as Python's surrogateescape makes them, are refused by some readers (DuckDB). The
 * characters are for private use, and MirBSD's OPTU-8 and OPTU-16 use them for the same purpose.
 */
const BYTE = 0xef00;
/** A string without these characters needs no closer look. */
const DOUBTFUL = /[\uef80-\uefff\ufffd]/;
const BYTES = /[\uef80-\uefff]+/g;

/** The string that stands for bytes in an event. */
export function textOf(bytes: Buffer, start: number = 0, end: number = bytes.length): string {
  const text = bytes.toString("utf8", start, end);
  return DOUBTFUL.test(text) ? decode(bytes, start, end) : text;
}

/**
 * The bytes that a string of an event stands for. As a path they name the same file to `node:fs`, even if they are not
 * UTF-8.
 */
export function bytesOf(text: string): Buffer {
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const { 0: run, index } of text.matchAll(BYTES)) {
    parts.push(
      Buffer.from(text.slice(end, index)),
      Uint8Array.from(run, (char) => char.charCodeAt(0) - BYTE),
    );
    end = index + run.length;
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(end))]);
}

function decode(bytes: Buffer, start: number, end: number): string {
  const units = new Uint16Array(end - start);
  let length = 0;
  for (let at = start; at < end;) {
    const size = sizeAt(bytes, at, end);
    const first = bytes[at]!;
    if (size === 0) units[length++] = BYTE + first;
    else if (size === 1) units[length++] = first;
    else {
      let code = first & (0x7f >> size);
      for (let i = 1; i < size; i++) code = (code << 6) | (bytes[at + i]! & 0x3f);
      if (size === 4) {
        units[length++] = 0xd7c0 + (code >> 10);
        code = 0xdc00 + (code & 0x3ff);
      }
      units[length++] = code;
    }
    at += size || 1;
  }
  return Buffer.from(units.buffer, 0, 2 * length).toString("utf16le");
}

/** The length in bytes of the character at a place; 0 if there is none, or if it stands for a byte. */
function sizeAt(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size === 0 || at + size > end) return 0;
  // The range of the second byte excludes overlong forms, surrogates, and characters past U+10FFFF.
  const second = bytes[at + 1]!;
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xee ? 0xbd : first === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let i = 2; i < size; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return size;
}
