// Draws what a program shows in a terminal as a picture.

import { spawn } from "@lydell/node-pty";
import xterm from "@xterm/headless";

/** The size of a character and of the margin, in pixels. */
const [WIDTH, HEIGHT, MARGIN] = [8, 18, 14];
const FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";

/**
 * Runs a program in a terminal until it ends.
 * @param act gets a function that types into the terminal, and resolves when it is done; then the program is sent
 * Ctrl-C
 * @returns the last `rows` lines on the screen, each a list of characters with their colours
 */
export async function seen([file, ...args], { columns = 80, rows = 24, act, cwd, settle = 300 }) {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const pty = spawn(file, args, { name: "xterm-256color", cols: columns, rows, cwd });
  pty.onData((text) => terminal.write(text));
  terminal.onData((text) => pty.write(text));
  const text = () =>
    linesOf(terminal)
      .map((line) => line.map(({ char }) => char).join(""))
      .join("\n");
  const ended = new Promise((resolve) => pty.onExit(resolve));
  await act({ type: (keys) => pty.write(keys), text });
  await new Promise((resolve) => setTimeout(resolve, settle));
  const lines = linesOf(terminal);
  pty.write("\x03");
  pty.write("\x04");
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 3000))]);
  pty.kill("SIGKILL");
  return lines;
}

function linesOf(terminal) {
  const { active } = terminal.buffer;
  const lines = Array.from({ length: terminal.rows }, (_, row) => {
    const line = active.getLine(active.baseY + row);
    return Array.from({ length: terminal.cols }, (_, column) => {
      const cell = line.getCell(column);
      return { char: cell.getChars() || " ", color: colorOf(cell), bold: cell.isBold() !== 0, dim: cell.isDim() !== 0 };
    });
  });
  while (lines.length > 0 && lines.at(-1).every(({ char }) => char === " ")) lines.pop();
  return lines;
}

/** The sixteen colours that programs use. */
const COLORS = [
  ...["#2e3440", "#d06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9"],
  ...["#7f8794", "#e88388", "#b5e890", "#f0d399", "#8cc8ff", "#dd9ff0", "#7fd8e0", "#ffffff"],
];

function colorOf(cell) {
  return cell.isFgPalette() ? COLORS[cell.getFgColor()] : undefined;
}

/** Draws lines as a window with a title, in SVG with nothing but text: no script, nothing to load. */
export function picture(title, lines, columns = 80) {
  const width = columns * WIDTH + 2 * MARGIN;
  const height = lines.length * HEIGHT + 2 * MARGIN + HEIGHT;
  const rows = lines.map((line, row) => {
    const y = MARGIN + HEIGHT + (row + 1) * HEIGHT - 5;
    return runs(line).map(({ text, at, color, bold, dim }) => {
      const style = [color && `fill="${color}"`, bold && 'font-weight="bold"', dim && 'opacity="0.7"'].filter(Boolean);
      const length = `textLength="${[...text].length * WIDTH}"`;
      return `<text x="${MARGIN + at * WIDTH}" y="${y}" ${[length, ...style].join(" ")}>${escaped(text)}</text>`;
    });
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#1e222a"/>`,
    ...["#d06c75", "#e5c07b", "#98c379"].map(
      (fill, i) => `<circle cx="${MARGIN + 6 + i * 18}" cy="15" r="5" fill="${fill}"/>`,
    ),
    `<g font-family="${FONT}" font-size="13" fill="#d8dee9" xml:space="preserve">`,
    ...rows.flat(),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** Groups adjacent characters of the same look. */
function runs(line) {
  const found = [];
  line.forEach(({ char, ...look }, at) => {
    const last = found.at(-1);
    const same = last && last.color === look.color && last.bold === look.bold && last.dim === look.dim;
    if (same) last.text += char;
    else found.push({ text: char, at, ...look });
  });
  return found.map((run) => ({ ...run, text: run.text.trimEnd() })).filter(({ text }) => text.trim() !== "");
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
