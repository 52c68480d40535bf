// The live log: only the rows in sight are in the document, however long it is.

import { $, download, make, setText } from "./dom.js";
import { parts, plain, span } from "./ansi.js";
import { t } from "./words.js";

const ROW = 20; // px, as --row in page.css
const SPARE = 20; // rows above and below the ones in sight
const MAX_LINES = 200000;

export class LogView {
  constructor() {
    this.box = $("#log");
    this.space = $(".log-space", this.box);
    this.rows = $(".log-rows", this.box);
    this.empty = $(".empty", this.box);
    this.find = $("#log-find");
    this.level = $("#log-level");
    this.followButton = $("#log-follow");
    this.box.addEventListener("scroll", () => this.scrolled());
    this.find.addEventListener("input", () => this.filter());
    this.level.addEventListener("change", () => this.filter());
    this.followButton.addEventListener("click", () => this.follow(!this.following));
    $("#log-save").addEventListener("click", () => this.save());
    new ResizeObserver(() => this.refresh()).observe(this.box);
    this.follow(true);
    this.reset("");
  }

  reset(run) {
    this.run = run;
    this.lines = []; // [level, time, text]
    this.first = 0; // number of lines[0]
    this.widest = 0;
    this.matches = null; // positions in lines; null: all of them
    this.follow(true);
    this.refresh();
  }

  add(first, start, lines) {
    if (start < this.first + this.lines.length) this.lines.length = Math.max(0, start - this.first);
    else if (start > this.first + this.lines.length) [this.lines, this.first] = [[], start];
    const from = this.lines.length;
    for (const line of lines) {
      this.lines.push(line);
      this.widest = Math.max(this.widest, width(line[2]));
    }
    const excess = Math.max(first - this.first, this.lines.length - MAX_LINES);
    if (excess > 0) {
      this.lines.splice(0, excess);
      this.first += excess;
    }
    if (this.matches && excess <= 0) this.match(from);
    else if (this.matches) this.match(0);
    this.refresh();
  }

  filter() {
    const words = this.find.value.trim().toLowerCase();
    this.matches = words || this.level.value !== "0" ? [] : null;
    this.words = words;
    if (this.matches) this.match(0);
    this.box.scrollTop = this.following ? this.box.scrollHeight : 0;
    this.refresh();
  }

  match(from) {
    const least = Number(this.level.value);
    this.matches.length = from ? lowerBound(this.matches, from) : 0;
    for (let number = from; number < this.lines.length; number += 1) {
      const [level, , text] = this.lines[number];
      if (level >= least && (!this.words || plain(text).toLowerCase().includes(this.words))) this.matches.push(number);
    }
  }

  follow(on) {
    this.following = on;
    this.followButton.setAttribute("aria-pressed", String(on));
    if (on) this.box.scrollTop = this.box.scrollHeight;
  }

  scrolled() {
    const atEnd = this.box.scrollTop + this.box.clientHeight >= this.box.scrollHeight - ROW;
    if (atEnd !== this.following && !this.moving) this.follow(atEnd);
    this.refresh();
  }

  refresh() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  draw() {
    const count = this.matches ? this.matches.length : this.lines.length;
    this.space.style.height = `${count * ROW}px`;
    this.space.style.setProperty("--gutter", `${String(this.first + this.lines.length).length}ch`);
    this.rows.style.width = `calc(${this.widest + 26}ch)`;
    if (this.following) {
      this.moving = true;
      this.box.scrollTop = this.box.scrollHeight;
      requestAnimationFrame(() => { this.moving = false; });
    }
    const top = Math.max(0, Math.floor(this.box.scrollTop / ROW) - SPARE);
    const end = Math.min(count, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + SPARE);
    const shown = [];
    for (let place = top; place < end; place += 1) shown.push(this.row(this.matches ? this.matches[place] : place));
    this.rows.style.transform = `translateY(${top * ROW}px)`;
    this.rows.replaceChildren(...shown);
    this.tell(count);
  }

  row(number) {
    const [level, time, text] = this.lines[number];
    const content = make("span", { class: "text" });
    for (const part of parts(text)) content.append(...this.marked(part));
    return make(
      "div",
      { class: `log-row l${level}` },
      make("span", { class: "n" }, String(this.first + number + 1)),
      time ? make("time", {}, time) : null,
      content,
    );
  }

  marked(part) {
    if (!this.words) return [span(part)];
    const found = [];
    const lower = part.text.toLowerCase();
    let from = 0;
    for (let at = lower.indexOf(this.words); at >= 0; at = lower.indexOf(this.words, from)) {
      if (at > from) found.push(span({ ...part, text: part.text.slice(from, at) }));
      from = at + this.words.length;
      found.push(make("mark", {}, span({ ...part, text: part.text.slice(at, from) })));
    }
    found.push(span({ ...part, text: part.text.slice(from) }));
    return found;
  }

  tell(count) {
    const total = (this.first + this.lines.length).toLocaleString();
    const text = this.matches ? t("{shown} of {count} lines", { shown: count.toLocaleString(), count: total }) : t(total === "1" ? "1 line" : "{count} lines", { count: total });
    setText($("#log-count"), this.lines.length ? text : "");
    this.empty.hidden = count > 0;
    setText(this.empty, t(this.lines.length ? "No line matches." : "No output yet."));
    const notice = $("#log-notice");
    notice.hidden = !this.first;
    setText(notice, t("The first {count} lines are no longer kept here; the whole log is on the agent's computer.", { count: this.first.toLocaleString() }));
  }

  save() {
    const text = this.lines.map(([, time, line]) => `${time ? `${time} ` : ""}${plain(line)}\n`);
    download(`${this.run}.log`, text, "text/plain");
  }
}

function width(text) {
  if (/^[\x00-\x7f]*$/.test(text)) return text.length;
  let columns = 0;
  for (const char of text) columns += char.codePointAt(0) > 0x10ff ? 2 : 1;
  return columns;
}

function lowerBound(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
