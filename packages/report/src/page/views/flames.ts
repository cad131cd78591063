import flamegraph, { type Drawn } from "d3-flame-graph";
import { select } from "d3-selection";

import { type NamedColumn, named } from "../data.js";
import { el, figure, table } from "../dom.js";
import type { Chosen } from "../selection.js";
import { type Measure, sumsBy } from "../sums.js";
import { percent } from "../units.js";

/** A node of a tree: a function and what it calls, or a directory and what is in it. */
interface Branch {
  readonly name: string;
  /** Where it is: the module of a function. */
  readonly place: string;
  readonly kind: keyof typeof COLOURS;
  value: number;
  readonly byName: Map<string, Branch>;
  children: readonly Branch[];
}

/** Variables of the style. */
const COLOURS = { root: "--flame-root", kernel: "--flame-kernel", user: "--flame-user", path: "--flame-path" } as const;
/** Branches with less than this share of the whole are left out, as they could not be seen. */
const LEAST = 1 / 3000;
const DEPTH = 127;
const CELL = 18;
const LISTED = 20;

/** A flame graph of the stacks of a series: commands, their functions, and below these those of the kernel. */
export function stackFlames(chosen: Chosen, stacks: readonly NamedColumn[], measure: Measure): HTMLElement[] {
  if (stacks.length === 0) return [];
  const { series, rows } = chosen;
  const tree = branch("all", "", "root");
  const comm = named(series, "comm");
  const path: [name: string, place: string, kind: Branch["kind"]][] = [];
  for (const row of rows) {
    path.length = 0;
    if (comm) path.push([String(comm.dictionary[comm.values[row]!]), "", "root"]);
    for (const { dictionary, values, space } of stacks) {
      const frames = (dictionary[values[row]!] ?? []) as readonly string[];
      for (let i = frames.length - 1; i >= 0; i--) {
        const [name = "", place = ""] = frames[i]!.split("\t");
        path.push([name, place, space === "kernel" ? "kernel" : "user"]);
      }
    }
    grow(tree, path, measure.weight(row));
  }
  const says = (total: string): string =>
    `${total} in all. The outermost function is at the bottom; a wide one took long.`;
  return drawn("stacks", tree, measure, says, "function");
}

/** A flame graph of paths: each directory is as wide as what happened in and below it. */
export function pathFlames({ rows }: Chosen, column: NamedColumn, measure: Measure): HTMLElement[] {
  const tree = branch("all", "", "root");
  const sums = sumsBy(column, rows, measure);
  column.dictionary.forEach((path, id) => {
    if (typeof path !== "string" || path === "" || sums[id] === 0) return;
    const [first = "", ...others] = path.split("/");
    const parts = [first === "" ? "/" : `./${first}`, ...others.filter((part) => part !== "")];
    grow(
      tree,
      parts.map((name) => [name, "", "path"]),
      sums[id]!,
    );
  });
  const says = (total: string): string => `${total} in all. A directory is as wide as what happened in and below it.`;
  return drawn(`${column.name} by directory`, tree, measure, says, "directory or file");
}

function branch(name: string, place: string, kind: Branch["kind"]): Branch {
  return { name, place, kind, value: 0, byName: new Map(), children: [] };
}

function grow(tree: Branch, path: readonly (readonly [string, string, Branch["kind"]])[], weight: number): void {
  tree.value += weight;
  let at = tree;
  for (const [name, place, kind] of path.slice(0, DEPTH)) {
    const key = `${name}\t${place}\t${kind}`;
    let next = at.byName.get(key);
    if (!next) at.byName.set(key, (next = branch(name, place, kind)));
    next.value += weight;
    at = next;
  }
}

/** Keeps the branches that are wide enough to be seen, and sets their children. */
function prune(tree: Branch, least: number): void {
  tree.children = [...tree.byName.values()].filter(({ value }) => value >= least).sort((a, b) => b.value - a.value);
  for (const child of tree.children) prune(child, least);
}

function drawn(
  title: string,
  tree: Branch,
  measure: Measure,
  says: (total: string) => string,
  what: string,
): HTMLElement[] {
  if (tree.value === 0) return [];
  prune(tree, tree.value * LEAST);
  const place = el("div", { class: "flames" });
  const text = ({ data }: Drawn<Branch>): string =>
    `${data.name}${data.place && ` (${data.place})`}: ${measure.text(data.value)}, ${percent(data.value, tree.value)}`;
  const draw = (): void => {
    const chart = flamegraph<Branch>()
      .width(place.clientWidth || 960)
      .cellHeight(CELL)
      .minFrameSize(1)
      .transitionDuration(0)
      .resetHeightOnZoom(true)
      .sort((a, b) => b.data.value - a.data.value || (a.data.name < b.data.name ? -1 : 1))
      .setColorMapper(({ data }) => shade(COLOURS[data.kind], data.name))
      .setLabelHandler(text)
      .onClick(() => focusable(place, text));
    place.replaceChildren();
    select<HTMLElement, unknown>(place).datum(tree).call(chart);
    focusable(place, text);
  };
  // Once it has its place, and so its width.
  requestAnimationFrame(draw);
  const numbers = (): HTMLElement => {
    const rows = widest(tree).map(({ name, place, value, own }) => {
      return [name, place, measure.text(value), percent(value, tree.value), measure.text(own)];
    });
    return table(`The ${LISTED} with most of their own`, [what, "in", "with all below", "share", "its own"], rows);
  };
  const shown = figure(title, place, says(measure.text(tree.value)), numbers);
  // Its parts have names of their own.
  place.setAttribute("role", "group");
  return [shown];
}

/** The colour of a kind, a little lighter or darker by name, so that neighbours can be told apart. */
function shade(variable: string, name: string): string {
  let hash = 7;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) >>> 0;
  return `oklch(from var(${variable}) calc(l + ${((hash % 13) - 6) / 130}) c h)`;
}

/** Lets keys move from frame to frame: up and down the tree, left and right within a level. */
function focusable(place: HTMLElement, text: (node: Drawn<Branch>) => string): void {
  const frames = new Map<Drawn<Branch>, SVGGElement>();
  select(place)
    .selectAll<SVGGElement, Drawn<Branch>>("g.frame")
    .each(function (node) {
      frames.set(node, this);
      this.setAttribute("tabindex", node.parent ? "-1" : "0");
      this.setAttribute("role", "button");
      this.setAttribute("aria-label", text(node));
      this.onkeydown = (event) => {
        if (event.key === "Enter" || event.key === " ") this.dispatchEvent(new MouseEvent("click"));
        else {
          const to = neighbour(node, event.key);
          const frame = to && frames.get(to);
          if (!frame) return;
          frame.focus();
        }
        event.preventDefault();
      };
    });
}

function neighbour(node: Drawn<Branch>, key: string): Drawn<Branch> | null | undefined {
  const siblings = node.parent?.children ?? [];
  if (key === "ArrowUp") return node.children?.[0];
  if (key === "ArrowDown") return node.parent;
  if (key === "ArrowRight") return siblings[siblings.indexOf(node) + 1];
  if (key === "ArrowLeft") return siblings[siblings.indexOf(node) - 1];
  return undefined;
}

/** The names that have most of their own, that is, not of what is below them. */
function widest(tree: Branch): readonly { name: string; place: string; value: number; own: number }[] {
  const found = new Map<string, { name: string; place: string; value: number; own: number }>();
  const visit = (node: Branch, above: ReadonlySet<string>): void => {
    const key = `${node.name}\t${node.place}`;
    const one = found.get(key) ?? { name: node.name, place: node.place, value: 0, own: 0 };
    // A function that calls itself is counted once.
    if (!above.has(key)) one.value += node.value;
    const below = [...node.byName.values()];
    one.own += node.value - below.reduce((sum, { value }) => sum + value, 0);
    found.set(key, one);
    const within = new Set([...above, key]);
    for (const child of below) visit(child, within);
  };
  for (const child of tree.byName.values()) visit(child, new Set());
  return [...found.values()].sort((a, b) => b.own - a.own).slice(0, LISTED);
}
