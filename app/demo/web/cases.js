// The cases of one execution as tiles that turn green and red.

import { $, $$, make, setText } from "./dom.js";
import { plain } from "./ansi.js";
import { t } from "./words.js";

const DENSE = 60; // from so many cases on the tiles are small
const BAD = ["failed", "error", "skipped"];

export class CaseView {
  constructor() {
    this.list = $("#cases");
    this.detail = $("#case");
    this.which = "all";
    for (const button of $$("#case-filter button")) {
      button.addEventListener("click", () => this.choose(button.dataset.which));
    }
    this.reset();
  }

  reset() {
    this.cases = [];
    this.tiles = [];
    this.chosen = null;
    this.running = false;
    this.list.replaceChildren();
    this.detail.hidden = true;
    $("#cases-card").hidden = true;
  }

  take(total, cases) {
    if (this.tiles.length !== total) {
      this.cases = Array(total).fill(null);
      this.tiles = this.cases.map((_, number) => this.tile(number));
      this.list.classList.toggle("dense", total > DENSE);
      this.list.replaceChildren(...this.tiles.map((tile) => make("li", {}, tile)));
    }
    for (const [number, one] of cases) {
      this.cases[number] = one;
      this.paint(number);
    }
    $("#cases-card").hidden = !total;
  }

  // A case without a result runs, or will never run, depending on the whole.
  setRunning(running) {
    if (running === this.running) return;
    this.running = running;
    this.repaint();
  }

  repaint() {
    this.cases.forEach((one, number) => one && this.paint(number));
  }

  tile(number) {
    return make(
      "button",
      { type: "button", class: "open", "aria-expanded": "false", "aria-controls": "case", onclick: () => this.open(number) },
      make("span", { class: "code" }),
      make("span", { class: "took" }),
      make("span", { class: "word" }),
    );
  }

  paint(number) {
    const one = this.cases[number];
    const tile = this.tiles[number];
    const [code, took, word] = tile.children;
    const state = one.result ?? "open";
    tile.className = state;
    setText(code, one.code);
    setText(took, one.duration ?? "");
    const text = one.result ? t(one.result) : t(this.running ? "waiting" : "not reported");
    const why = BAD.includes(one.result) ? firstLine(one.message) : "";
    setText(word, why || text);
    tile.title = `${one.code}: ${text}${why ? ` – ${why}` : ""}`;
    tile.setAttribute("aria-label", tile.title);
    tile.parentElement?.toggleAttribute("hidden", this.which === "bad" && !BAD.includes(one.result));
    if (number === this.chosen) this.tell();
  }

  choose(which) {
    this.which = which;
    for (const button of $$("#case-filter button")) button.setAttribute("aria-pressed", String(button.dataset.which === which));
    this.repaint();
  }

  open(number) {
    this.chosen = this.chosen === number ? null : number;
    this.tiles.forEach((tile, place) => tile.setAttribute("aria-expanded", String(place === this.chosen)));
    this.tell();
  }

  tell() {
    const one = this.cases[this.chosen];
    this.detail.hidden = !one;
    if (!one) return;
    this.detail.className = `case-detail ${one.result ?? "open"}`;
    const state = one.result ? t(one.result) : t(this.running ? "waiting" : "not reported");
    const shown = [
      make("h3", {}, one.code, make("span", { class: "badge small" }, state), make("span", { class: "muted small" }, one.duration ?? "")),
      one.message ? make("pre", { class: "why" }, plainText(one.message)) : null,
      one.output ? make("pre", { tabindex: "0" }, plainText(one.output)) : null,
      one.message || one.output ? null : make("p", { class: "muted" }, t("No message and no output were reported.")),
    ];
    this.detail.replaceChildren(...shown.filter(Boolean));
  }
}

const plainText = (text) => text.split("\n").map(plain).join("\n");
const firstLine = (text) => plain((text ?? "").trim().split("\n")[0]);
