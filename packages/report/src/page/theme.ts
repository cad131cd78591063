import { el } from "./dom.js";

/** Dark or light: as the system has it, until someone chooses; on paper always light. */
export class Theme {
  readonly button = el("button", { class: "plain theme" });
  readonly #redraw: () => void;

  /** @param redraw draws again what has no style of its own */
  constructor(redraw: () => void) {
    this.#redraw = redraw;
    const system = matchMedia("(prefers-color-scheme: dark)");
    this.#set(system.matches);
    system.addEventListener("change", ({ matches }) => this.#set(matches));
    this.button.addEventListener("click", () => this.#set(!this.#isDark));
    let before = false;
    addEventListener("beforeprint", () => {
      before = this.#isDark;
      this.#set(false);
    });
    addEventListener("afterprint", () => this.#set(before));
  }

  get #isDark(): boolean {
    return document.documentElement.dataset.theme === "dark";
  }

  #set(isDark: boolean): void {
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    this.button.textContent = isDark ? "light" : "dark";
    this.button.setAttribute("aria-label", `${isDark ? "light" : "dark"} colours`);
    this.#redraw();
  }
}
