import { column } from "@rxbpf/core/events";
import { expect, test } from "vitest";

const cell = (format: string, value: string | number): string => column("", format, () => value).cell({});
const head = (format: string): string => column("HEAD", format, () => 0).head;

test.each([
  ["%-6d ", 42, "42     "],
  ["%-6d ", 4194304, "4194304 "],
  ["%4d ", -1, "  -1 "],
  ["%3d ", 13, " 13 "],
  ["%08o ", 0o2000000, "02000000 "],
  ["%04o ", 0o644, "0644 "],
  ["%-16s ", "systemd", "systemd          "],
  ["%-16s ", "a name longer than that", "a name longer than that "],
  ["%-12.12s ", "systemd-journald", "systemd-jour "],
  ["%-12.12s ", "sh", "sh           "],
  ["%-14.9f", 0.00029, "0.000290000   "],
  ["%7.2f ", 3.14159, "   3.14 "],
  ["%f", 1.5, "1.500000"],
  ["0x%x", 255, "0xff"],
  ["%s", "/etc/passwd", "/etc/passwd"],
  ["%-4s ", "n/a", "n/a  "],
  ["%5d", "n/a", "  n/a"],
])("%j prints %j as %j", (format, value, expected) => {
  expect(cell(format, value)).toBe(expected);
});

test.each([
  ["%-6d ", "HEAD   "],
  ["%4d ", "HEAD "],
  ["%8d ", "    HEAD "],
  ["%08o ", "    HEAD "],
  ["%-12.12s ", "HEAD         "],
  ["%-14.9f", "HEAD          "],
  ["%s", "HEAD"],
])("the heading over %j has its width and side", (format, expected) => {
  expect(head(format)).toBe(expected);
});

test("a heading can have a format of its own", () => {
  expect(column("FLAGS", "%08o ", () => 0, "%-8s ").head).toBe("FLAGS    ");
});

test.each(["%-6d ", "%08o ", "%7.2f ", "%-16s "])("an undefined value leaves a blank of the width of %j", (format) => {
  const { head, cell } = column<void>("", format, () => undefined);
  expect(cell()).toBe(head);
  expect(cell().trim()).toBe("");
});

test("a hostile string is escaped in every conversion that prints strings", () => {
  expect(cell("%-8s|", "a\x1b[2J")).toBe("a\\x1b[2J|");
  expect(cell("%-3d|", "a\nb")).toBe("a\\nb|");
  expect(cell("%-4.4s|", "\x1b[2J")).toBe("\\x1b|");
});

test("a cell is not cut within a character", () => {
  expect(cell("%-4.4s|", "abc👩d")).toBe("abc |");
  expect(cell("%-5.5s|", "abc👩d")).toBe("abc👩|");
});

test.each(["%", "%q", "PID", "%d %d", "%*d", "%-6d %"])("%j is refused as a format", (format) => {
  expect(() => column("HEAD", format, () => 0)).toThrow(TypeError);
});
