import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

const style = readFileSync(new URL("../src/page/style.css", import.meta.url), "utf8");

/** The colours of a theme, by the names of their variables. */
function coloursOf(selector: string): Record<string, string> {
  const block = style.split(`${selector} {`)[1]!.split("}")[0]!;
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, colour]) => [name!, colour!]),
  );
}

/** The relative luminance of a colour, as WCAG 2 defines it. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

test.each([":root", ':root[data-theme="dark"]'])(
  "%s: every text stands out from its ground, as WCAG's AA asks",
  (theme) => {
    const colours = coloursOf(theme);
    const pairs = [
      ...["ink", "muted", "accent", "bad"].flatMap((text) =>
        ["paper", "card"].map((ground) => [text, ground] as const),
      ),
      ...["ink", "muted"].map((text) => [text, "fill"] as const),
      ["ink", "caution"] as const,
      ...Object.keys(colours)
        .filter((name) => /^flame-(?!text)/.test(name))
        .map((ground) => ["flame-text", ground] as const),
    ];
    const low = pairs.filter(([text, ground]) => contrast(colours[text] ?? "#14181c", colours[ground]!) < 4.5);
    expect(low).toEqual([]);
    // A line or a bar is no text, and needs less.
    const series = Object.keys(colours).filter((name) => name.startsWith("series-"));
    expect(series.filter((name) => contrast(colours[name]!, colours.card!) < 3)).toEqual([]);
  },
);
