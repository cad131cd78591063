/** Something open in a text and not yet closed: a bracket, a string, a template, a comment. */
export interface Opened {
  readonly kind: "(" | "[" | "{" | "${" | '"' | "'" | "`" | "/*";
  /** Where its content begins. */
  readonly from: number;
}

const CLOSERS: Readonly<Record<string, Opened["kind"][]>> = { ")": ["("], "]": ["["], "}": ["{", "${"] };
/** After one of these a slash begins a regular expression. */
const BEFORE_PATTERN = /(?:^|[([{,;:=!&|?+\-*%<>~^}]|\b(?:return|typeof|case|in|of|await|yield))\s*$/;
const PATTERN = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//y;

/** What is open at the end of a part of a program, outermost first. Undefined if a bracket is closed that was not open. */
export function openedIn(code: string): Opened[] | undefined {
  const opened: Opened[] = [];
  const open = (kind: Opened["kind"], at: number): void => void opened.push({ kind, from: at + kind.length });
  for (let i = 0; i < code.length; i++) {
    const char = code[i]!;
    const within = opened.at(-1)?.kind;
    if (within === "/*") {
      if (code.startsWith("*/", i)) {
        opened.pop();
        i++;
      }
    } else if (within === '"' || within === "'" || within === "`") {
      if (char === "\\") i++;
      else if (char === within || (char === "\n" && within !== "`")) opened.pop();
      else if (within === "`" && code.startsWith("${", i)) open("${", i++);
    } else if (char === '"' || char === "'" || char === "`" || char === "(" || char === "[" || char === "{") {
      open(char, i);
    } else if (char in CLOSERS) {
      if (!CLOSERS[char]!.includes(opened.pop()?.kind ?? "/*")) return undefined;
    } else if (code.startsWith("/*", i)) open("/*", i++);
    else if (code.startsWith("//", i)) i = endOfLine(code, i);
    else if (char === "/" && BEFORE_PATTERN.test(code.slice(Math.max(0, i - 20), i))) i = endOfPattern(code, i);
  }
  return opened;
}

function endOfLine(code: string, from: number): number {
  const end = code.indexOf("\n", from);
  return end < 0 ? code.length : end;
}

function endOfPattern(code: string, from: number): number {
  PATTERN.lastIndex = from;
  return PATTERN.test(code) ? PATTERN.lastIndex - 1 : from;
}
