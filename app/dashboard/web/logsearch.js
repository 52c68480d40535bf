// Search in a log: at once in the part that is shown, on demand in the whole file.

import { icon, make, setText } from "./dom.js";
import { searchable } from "./logwindow.js";
import { button } from "./parts.js";
import { number, t } from "./words.js";

const NARROW = 65536; // bytes; a hit is narrowed down to so many before they are loaded
const LIMIT = 120; // seconds for one search in the file

export class LogSearch {
  constructor(view) {
    this.view = view;
    this.field = make("input", { type: "search", maxlength: "1000", placeholder: t("Search the log"), "aria-label": t("Search the log"), spellcheck: "false" });
    this.count = make("span", { class: "muted small found", role: "status" });
    this.previous = button(t("Previous match"), () => this.step(-1), { name: "previous" });
    this.next = button(t("Next match"), () => this.step(1), { name: "next" });
    this.node = make("div", { class: "row find", role: "search" }, this.count, make("label", { class: "search" }, icon("search"), this.field), this.previous, this.next);
    this.field.addEventListener("focus", () => view.window.lines.forEach(searchable)); // the first keystroke is then as quick as the others
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.clear();
  }

  clear() {
    this.field.value = "";
    this.words = "";
    this.matches = []; // rows
    this.row = -1; // the match that the user is at
    this.stale = false;
    this.said = "";
    this.tell();
  }

  typed() {
    this.words = this.field.value.toLowerCase();
    this.said = "";
    this.row = -1;
    this.stale = true;
    this.update();
    if (this.words) this.goNear();
    this.tell();
    this.view.refresh();
  }

  // The first match from the top of what is in sight, else the last one before it.
  goNear() {
    const top = this.view.topRow;
    const row = this.matches.find((match) => match >= top) ?? this.matches.at(-1);
    if (row !== undefined) this.go(row);
  }

  go(row) {
    this.row = row;
    this.view.reveal(row);
    this.tell();
  }

  key(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      this.step(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && this.field.value) {
      event.preventDefault();
      this.field.value = "";
      this.typed();
    }
  }

  // The rows have changed; `shift` of them came on top.
  moved(shift = 0) {
    this.stale = true;
    if (this.row >= 0) this.row = Math.max(-1, this.row + shift);
  }

  update() {
    if (!this.stale) return;
    this.stale = false;
    this.matches = [];
    if (this.words) {
      this.view.window.lines.forEach((line, row) => {
        if (searchable(line).includes(this.words)) this.matches.push(row);
      });
    }
    this.tell();
  }

  async step(direction) {
    if (!this.words || this.searching) return;
    this.update();
    const from = this.row >= 0 ? this.row : this.view.topRow - direction;
    const near = direction > 0 ? this.matches.find((row) => row > from) : this.matches.findLast((row) => row < from);
    if (near !== undefined) return this.go(near);
    await this.searchFile(direction);
  }

  async searchFile(direction) {
    this.searching = true;
    this.said = t("Searching…");
    this.tell();
    this.said = "";
    const [stage, words] = [this.view.stage, this.words];
    try {
      const at = direction > 0 ? await this.after(this.view.window.end) : await this.before(this.view.window.start);
      if (stage !== this.view.stage || words !== this.words) return;
      if (at === null) this.said = direction > 0 ? t("No match further down.") : t("No match further up.");
      else await this.show(at, direction);
    } catch (problem) {
      this.said = problem.message;
    } finally {
      this.searching = false;
      this.tell();
    }
  }

  async show(at, direction) {
    await this.view.jump(at);
    this.stale = true;
    this.update();
    const row = this.view.window.rowAt(at);
    const stop = row + (direction > 0 ? 0 : this.view.window.rowAt(this.limit) - row);
    const best = direction > 0 ? this.matches.find((match) => match >= row) : this.matches.findLast((match) => match <= stop);
    this.go(best ?? row);
  }

  async after(at) {
    const { found } = await this.view.connection.call("search", { key: this.view.key, text: this.words, at: Math.max(0, at - this.words.length * 4) }, LIMIT);
    return found !== null && found >= at ? found : found === null ? null : this.inside(found, at);
  }

  // A hit on the seam is already shown: go on behind it.
  async inside(found, at) {
    const shown = this.view.window.rowAt(found);
    if (!this.matches.includes(shown)) return found;
    const { found: next } = await this.view.connection.call("search", { key: this.view.key, text: this.words, at }, LIMIT);
    return next;
  }

  // The file is searched forwards only: find a stretch that has a hit, then halve it.
  async before(end) {
    let high = end;
    for (let stretch = NARROW; high > 0; stretch *= 4) {
      const low = Math.max(0, high - stretch);
      const hit = await this.hit(low, high);
      if (hit !== null) return this.last(hit, high);
      high = low;
    }
    return null;
  }

  async last(hit, high) {
    while (high - hit > NARROW / 2) {
      const middle = Math.floor((hit + high) / 2);
      const later = await this.hit(middle, high);
      if (later === null) high = middle;
      else hit = later;
    }
    this.limit = high;
    return hit;
  }

  async hit(low, high) {
    const { found } = await this.view.connection.call("search", { key: this.view.key, text: this.words, at: low }, LIMIT);
    return found !== null && found < high ? found : null;
  }

  tell() {
    const place = this.matches.indexOf(this.row);
    let text = "";
    if (this.said) text = this.said;
    else if (!this.words) text = "";
    else if (!this.matches.length) text = t("Not in this part. Enter: search on");
    else if (place >= 0) text = t("{place} of {count} lines", { place: number(place + 1), count: number(this.matches.length) });
    else text = t("{count} lines", { count: number(this.matches.length) });
    setText(this.count, text);
    for (const node of [this.previous, this.next]) node.hidden = !this.words;
  }

  // One coloured part of a line, with the words marked in it.
  marked(part, span) {
    if (!this.words) return [span(part)];
    const found = [];
    const low = part.text.toLowerCase();
    let from = 0;
    for (let at = low.indexOf(this.words); at >= 0; at = low.indexOf(this.words, from)) {
      if (at > from) found.push(span({ ...part, text: part.text.slice(from, at) }));
      from = at + this.words.length;
      found.push(make("mark", {}, span({ ...part, text: part.text.slice(at, from) })));
    }
    found.push(span({ ...part, text: part.text.slice(from) }));
    return found;
  }
}
