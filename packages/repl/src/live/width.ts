import measure from "fast-string-truncated-width";

const CHARACTERS = new Intl.Segmenter();
/** Our own colours, which take no room. */
const COLOR = /(\x1b\[[\d;]*m)/; // oxlint-disable-line no-control-regex
const ASCII = /^[ -~]*$/;

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  return measure(text).width;
}

/** How many code units of a text fit into so many columns, without cutting a character as people see it. */
export function lengthIn(text: string, columns: number): number {
  if (ASCII.test(text)) return Math.min(text.length, Math.max(0, columns));
  let [length, width] = [0, 0];
  for (const part of text.split(COLOR)) {
    if (COLOR.test(part)) {
      length += part.length;
      continue;
    }
    for (const { segment } of CHARACTERS.segment(part)) {
      width += widthOf(segment);
      if (width > columns) return length;
      length += segment.length;
    }
  }
  return length;
}
