// Elements are made here and nowhere else, and texts are only ever text: what a recording says is never markup.

type Child = Node | string;

/** Attributes and listeners of an element. A listener's name begins with `on`. */
interface Attributes {
  readonly [name: string]: string | number | boolean | undefined | ((event: Event) => void);
}

/** Makes an element of HTML. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children);
}

/** Makes an element of SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** A table with a head. Cells are texts or nodes. */
export function table(caption: string, head: readonly string[], rows: readonly (readonly Child[])[]): HTMLTableElement {
  return el(
    "table",
    {},
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map((cell) => el("td", {}, cell))))),
  );
}

/** A picture, the text that tells what it shows, and its numbers as a table that is made when it is opened. */
export function figure(title: string, picture: Element, says: string, numbers: () => Element): HTMLElement {
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", `${title}. ${says}`);
  const details = el("details", {}, el("summary", {}, "as a table"));
  details.addEventListener("toggle", () => details.open && details.append(numbers()), { once: true });
  return el("figure", {}, el("h3", {}, title), picture, el("figcaption", {}, says), details);
}

/** Draws a part of the page again. What had the focus there has it again, if there still is one of its key. */
export function keepingFocus(part: Element, draw: () => void): void {
  const focused = document.activeElement;
  const key = focused && part.contains(focused) ? focused.getAttribute("data-key") : null;
  draw();
  if (key !== null) part.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
}
