import type { Page } from "../data.js";
import { el, table } from "../dom.js";
import { count } from "../units.js";

/** What was recorded, on which machine, with which options; what was lost, and what the page leaves out. */
export function facts({ series, version }: Page): HTMLElement {
  const parts = series.map(({ name, facts, events, lost, columns }) => {
    const losses = lost.map(([reason, number]) => `${number} (${reason})`).join(", ") || "none";
    const lines = [...facts, ["events", String(events)], ["lost", losses]] as const;
    const fields = () =>
      table(
        "fields",
        ["field", "meaning"],
        columns.map((column) => [column.name, column.doc]),
      );
    const details = el("details", {}, el("summary", {}, "its fields"));
    details.addEventListener("toggle", () => details.open && details.append(fields()), { once: true });
    const list = el("dl", {}, ...lines.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
    return el("div", {}, el("h3", {}, name), list, details);
  });
  const licences = el("details", {}, el("summary", {}, "licences of the libraries in this page"));
  licences.append(el("pre", {}, document.getElementById("licences")?.textContent ?? ""));
  return el(
    "section",
    { class: "card wide", id: "facts" },
    el("h2", {}, "What was recorded"),
    el("div", { class: "facts" }, ...parts),
    el("p", { class: "says" }, `Made by rxbpf ${version}. This page loads nothing and sends nothing.`),
    licences,
  );
}

/** What makes the numbers of the page less than exact; empty if they are exact. */
export function cautions({ series, boots }: Page): readonly string[] {
  const lost = series.flatMap(({ name, lost }) => {
    const sum = lost.reduce((sum, [, number]) => sum + number, 0);
    return sum > 0 ? [`${count(sum)} events of ${name} were lost: its numbers are too low.`] : [];
  });
  const sampled = series.flatMap(({ name, every, events, kept }) =>
    every > 1
      ? [
          `Of ${name}'s ${count(events)} events, this page holds every ${every}th, ${count(kept)}: its numbers, marked ≈, are estimates.`,
        ]
      : [],
  );
  const states = series.flatMap(({ name, facts }) =>
    facts.flatMap(([fact, value]) => (fact === "state" && value !== "whole" ? [`${name}: ${value}.`] : [])),
  );
  const mixed =
    boots > 1
      ? [`The recordings come from ${boots} boots of machines: processes and cgroups of the same id are shown as one.`]
      : [];
  return [...lost, ...sampled, ...states, ...mixed];
}
