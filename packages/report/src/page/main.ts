import "uplot/dist/uPlot.min.css";
import "./style.css";

import { type Column, type Page, readPage } from "./data.js";
import { el, keepingFocus } from "./dom.js";
import { type Processes, processesOf } from "./processes.js";
import { rolesOf } from "./roles.js";
import { SelectionBar } from "./selection-bar.js";
import { Selection } from "./selection.js";
import { Theme } from "./theme.js";
import { EventTable } from "./views/events.js";
import { cautions, facts } from "./views/facts.js";
import { lanes } from "./views/lanes.js";
import { Overview } from "./views/overview.js";
import { SeriesView } from "./views/series.js";
import { totals } from "./views/totals.js";

const place = document.getElementById("page")!;

readPage(document.getElementById("data")!.textContent).then(show, (error: unknown) => {
  place.replaceChildren(el("p", { class: "caution" }, `Cannot read this page: ${String(error)}; make it again`));
});

/** Lays the page out, and draws all views again whenever the selection changes. */
function show(page: Page): void {
  const selection = new Selection((work) => requestAnimationFrame(work));
  const processes = processesOf(page);
  const roles = page.series.map(rolesOf);
  const counted = page.series.map(({ tables }, i): Column | undefined => (tables ? roles[i]!.measures[0] : undefined));
  const overview = new Overview(page, counted, selection);
  const bar = new SelectionBar(page, selection);
  const views = page.series.map(
    (series, i) => new SeriesView(page, series, roles[i]!, counted[i], processes, selection),
  );
  const numbers = el("dl", { class: "totals" });
  const programs = el("div");
  const tabs = el(
    "select",
    { "aria-label": "events of" },
    ...page.series.map(({ name }, i) => el("option", { value: i }, name)),
  );
  const events = new EventTable(page.series.length > 1 ? tabs : undefined);

  const draw = (): void => {
    const chosen = page.series.map((series) => selection.of(series));
    bar.show(chosen);
    numbers.replaceChildren(...totals(page, chosen, roles));
    overview.show(chosen);
    views.forEach((view, i) => view.show(chosen[i]!));
    const seen = seenPrograms(chosen, processes);
    const running = lanes(processes, seen, selection.span ?? page.span, selection);
    keepingFocus(programs, () => programs.replaceChildren(...(running ? [running] : [])));
    events.show(chosen[Number(tabs.value)]!);
  };
  tabs.addEventListener("change", draw);
  selection.onChange(draw);
  const theme = new Theme(() => overview.redraw());

  const hosts = [
    ...new Set(page.series.flatMap(({ facts }) => facts.filter(([name]) => name === "host").map(([, host]) => host))),
  ];
  const title = `${page.series.map(({ name }) => name).join(", ")} on ${hosts.join(", ")}`;
  document.title = title;
  place.replaceChildren(
    el("header", {}, el("h1", {}, title), theme.button, el("p", { class: "says" }, spanText(page))),
    ...cautions(page).map((text) => el("p", { class: "caution" }, text)),
    numbers,
    bar.element,
    el("section", { class: "card wide", id: "overview" }, el("h2", {}, "Over time"), overview.element),
    programs,
    ...views.map(({ element }) => element),
    el("section", { class: "card wide", id: "events" }, el("h2", {}, "Events"), events.element),
    facts(page),
  );
  draw();
}

function seenPrograms(chosen: readonly ReturnType<Selection["of"]>[], processes: Processes): ReadonlySet<number> {
  const seen = new Set<number>();
  for (const { series, rows } of chosen) {
    const column = series.columns.find(({ name }) => name === "execId");
    if (!column?.dictionary) continue;
    const found = new Uint8Array(column.dictionary.length);
    for (const row of rows) found[column.values[row]!] = 1;
    column.dictionary.forEach((id, at) => found[at] && processes.has(id as number) && seen.add(id as number));
  }
  return seen;
}

function spanText({ first, last }: Page): string {
  const [from, to] = [first, last].map((time) => (Math.abs(time) < 8.64e15 ? new Date(time).toISOString() : "unknown"));
  return `${from!.replace("T", " ")} to ${to!.replace("T", " ")}. Times are seconds from the first event.`;
}
