import type { Span } from "../data.js";
import { el } from "../dom.js";
import type { Process, Processes } from "../processes.js";
import { byProcess, type Selection } from "../selection.js";
import { count, duration, moment } from "../units.js";

const SHOWN = 60;
const MOST_DEPTH = 12;

/** When each program ran: those with chosen events, or the longest of them, in the order of their start. */
export function lanes(
  processes: Processes,
  chosen: ReadonlySet<number>,
  span: Span,
  selection: Selection,
): HTMLElement | undefined {
  const all = [...processes.values()].filter(
    ({ execId, from, to }) => chosen.has(execId) && to >= span.from && from <= span.to,
  );
  if (all.length === 0) return undefined;
  all.sort((a, b) => b.to - b.from - (a.to - a.from));
  const list = el("ol", { class: "lanes" });
  const says = el("p", { class: "says" });
  const show = (number: number): void => {
    const shown = all.slice(0, number).sort((a, b) => a.from - b.from || a.execId - b.execId);
    const depths = depthsOf(shown);
    list.replaceChildren(...shown.map((one) => lane(one, depths.get(one)!, span, selection)));
    const some =
      all.length > number ? `The ${number} longest of ${count(all.length)} programs` : `${count(all.length)} programs`;
    says.replaceChildren(
      `${some}, by when they began, each below its parent. A pale end means that it ran before or after.`,
    );
    if (all.length <= number) return;
    const more = el("button", { class: "plain" }, "show more");
    more.addEventListener("click", () => show(number * 4));
    says.append(" ", more);
  };
  show(SHOWN);
  const axis = el("div", { class: "lanes-axis" }, el("span", {}, moment(span.from)), el("span", {}, moment(span.to)));
  const scroll = el("div", { class: "lanes-scroll" }, axis, list);
  return el("section", { class: "card wide", id: "processes" }, el("h2", {}, "Processes"), says, scroll);
}

function lane(process: Process, depth: number, span: Span, selection: Selection): HTMLElement {
  const { comm, pid, command, from, to, hasStart, hasEnd } = process;
  const filter = byProcess(process);
  const length = span.to - span.from || 1;
  const share = (at: number): number => Math.min(1, Math.max(0, (at - span.from) / length));
  const bar = el("span", { class: `life${hasStart ? "" : " began-before"}${hasEnd ? "" : " went-on"}` });
  bar.style.left = `${100 * share(from)}%`;
  bar.style.width = `${100 * (share(to) - share(from))}%`;
  const says = `${command || comm}, process ${pid}: ${hasEnd ? "ran" : "seen"} for ${duration(to - from)} from ${moment(from)}`;
  const label = el("span", { class: "lane-name" }, el("b", {}, `${comm} ${pid}`), ` ${command}`);
  label.style.paddingLeft = `${Math.min(depth, MOST_DEPTH) * 0.75}em`;
  const pressed = String(selection.has(filter.name));
  const row = el(
    "button",
    { title: says, "aria-label": says, "aria-pressed": pressed, "data-key": filter.name },
    label,
    el("span", { class: "track" }, bar),
  );
  row.addEventListener("click", () => selection.toggle(filter));
  return el("li", {}, row);
}

/** How deep each is below those that are shown. A program's parent is what ran in its parent process when it began. */
function depthsOf(shown: readonly Process[]): ReadonlyMap<Process, number> {
  const running = new Map<number, Process>();
  const depths = new Map<Process, number>();
  for (const one of shown) {
    const parent = running.get(one.ppid);
    depths.set(one, parent ? depths.get(parent)! + 1 : 0);
    running.set(one.pid, one);
  }
  return depths;
}
