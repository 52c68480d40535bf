// One log, live or anywhere in it: only the rows in sight are in the document.

import { make, setText } from "./dom.js";
import { parts, span } from "./ansi.js";
import { decoded, LogWindow, PIECE } from "./logwindow.js";
import { LogSearch } from "./logsearch.js";
import { LogSave } from "./logsave.js";
import { button, card, notice, tell } from "./parts.js";
import { size, t } from "./words.js";

const ROW = 20; // px, as --row in base.css
const SPARE = 20; // rows above and below the ones in sight
const FROM_END = 262144; // bytes that are shown at first
const NEAR = 10 * ROW; // px from an end at which more is fetched
let streams = 0;

export class LogView {
  constructor(connection) {
    this.connection = connection;
    this.window = new LogWindow();
    this.rows = make("div", { class: "log-rows" });
    this.space = make("div", { class: "log-space" }, this.rows);
    this.empty = make("p", { class: "empty" });
    this.box = make("div", { class: "log", tabindex: "0", role: "log", "aria-live": "off", "aria-label": t("Log") }, this.space, this.empty);
    this.followButton = button(t("Follow the end of the log"), () => this.toEnd(), { name: "tail" });
    this.topButton = button(t("Go to the start of the log"), () => this.toStart(), { name: "start" });
    this.place = make("span", { class: "muted small place" });
    this.problem = notice(true);
    this.search = new LogSearch(this);
    this.saver = new LogSave(this);
    this.node = card(t("Log"), this.problem, this.box);
    this.node.classList.add("log-card");
    this.node.head.append(this.place, make("div", { class: "row end" }, this.search.node, this.topButton, this.followButton, this.saver.node));
    this.node.insertBefore(this.saver.progress, this.box);
    this.box.addEventListener("scroll", () => this.scrolled());
    new ResizeObserver(() => this.refresh()).observe(this.box);
    this.live = null; // the stream's name while the end is being sent
    this.stage = 0; // a late answer to what was asked before it is dropped
  }

  // `key` of a job, null for the agent's own log; `name` is that of a saved file, `removed`
  // tells that there is nothing to see any more.
  open(key, name, removed = false) {
    this.close();
    this.removed = removed;
    this.key = key;
    this.name = name;
    this.search.clear();
    return this.toEnd();
  }

  close() {
    this.saver.stop();
    this.park();
    this.stage += 1;
    this.window.reset(0);
    this.ended = false;
    tell(this.problem, "");
    this.refresh();
  }

  async toEnd() {
    this.follow(true);
    if (this.live) return this.refresh();
    const stage = ++this.stage;
    this.window.reset(0);
    this.live = `log-${++streams}`;
    this.search.moved();
    await this.attempt(stage, () => this.connection.call("follow", { stream: this.live, key: this.key, from: -FROM_END }));
  }

  // The user has scrolled down to the end again.
  async resume() {
    const stage = ++this.stage;
    this.follow(true);
    this.live = `log-${++streams}`;
    await this.attempt(stage, () => this.connection.call("follow", { stream: this.live, key: this.key, from: this.window.end }));
  }

  async toStart() {
    this.follow(false);
    await this.jump(0);
    this.box.scrollTop = 0;
  }

  // Shows the surroundings of a place in the file.
  async jump(at) {
    this.follow(false);
    if (at >= this.window.start && at < this.window.end) return;
    this.park();
    const stage = ++this.stage;
    const from = Math.max(0, at - PIECE / 2);
    await this.attempt(stage, async () => {
      const pieces = [await this.read(from), await this.read(from + PIECE)];
      if (stage !== this.stage) return;
      const known = this.window.size;
      this.window.reset(0);
      this.window.size = known;
      for (const piece of pieces) this.extend(piece);
      this.search.moved();
      this.draw();
    });
  }

  // A frame of the followed stream.
  take({ stream, at, text, size: whole, end }) {
    if (stream !== this.live) return;
    if (at === 0 && this.window.end > 0) this.window.reset(0); // a new file has taken its place
    this.window.append(at, text);
    this.window.size = Math.max(whole, this.window.end);
    this.ended = end;
    if (this.window.tooLarge && this.following) this.window.trimHead();
    else if (this.window.tooLarge) this.park();
    this.search.moved();
    this.refresh();
  }

  // Stops the stream: what is shown stays as it is.
  park() {
    const stream = this.live;
    this.live = null;
    if (stream && this.connection.isOpen) this.connection.call("unfollow", { stream }).catch(() => {});
  }

  reconnected() {
    this.live = null;
    if (this.following) this.toEnd();
  }

  async read(at, length = PIECE) {
    const answer = await this.connection.call("read", { key: this.key, at, length });
    this.window.size = Math.max(this.window.size, answer.size);
    return answer;
  }

  extend(answer) {
    const { at, text, end } = decoded(answer, answer.at + PIECE >= answer.size);
    this.window.append(at, text);
    this.window.end = end;
  }

  async more(direction) {
    if (this.busy) return;
    this.busy = true;
    const stage = this.stage;
    await this.attempt(stage, () => (direction < 0 ? this.earlier(stage) : this.later(stage)));
    this.busy = false;
  }

  async earlier(stage) {
    const stop = this.window.start;
    const from = Math.max(0, stop - PIECE);
    const { at, text } = decoded(await this.read(from, stop - from), true);
    if (stage !== this.stage || this.window.start !== stop) return;
    const added = this.window.prepend(at, text);
    if (this.window.tooLarge) {
      this.park();
      this.window.trimTail();
    }
    this.search.moved(added);
    this.space.style.height = `${this.window.lines.length * ROW}px`;
    this.box.scrollTop += added * ROW;
    this.draw();
  }

  async later(stage) {
    const stop = this.window.end;
    const answer = await this.read(stop);
    if (stage !== this.stage || this.window.end !== stop) return;
    this.extend(answer);
    const gone = this.window.tooLarge ? this.window.trimHead() : 0;
    this.search.moved(-gone);
    this.box.scrollTop -= gone * ROW;
    this.draw();
  }

  async attempt(stage, work) {
    try {
      await work();
      if (stage === this.stage) tell(this.problem, "");
    } catch (problem) {
      if (stage === this.stage && this.connection.isOpen) tell(this.problem, problem.message);
      if (stage === this.stage) this.live = null;
    }
  }

  follow(on) {
    this.following = on;
    this.followButton.setAttribute("aria-pressed", String(on));
  }

  scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.box;
    const below = scrollHeight - scrollTop - clientHeight;
    if (!this.moving && this.live) this.follow(below < ROW);
    if (!this.moving && scrollTop < NEAR && this.window.start > 0 && !this.following) this.more(-1);
    if (!this.live && !this.moving && this.window.lines.length) this.below(below);
    this.refresh();
  }

  below(space) {
    if (space < NEAR && this.window.end < this.window.size) this.more(1);
    else if (space < ROW && !this.ended && this.connection.isOpen) this.resume();
  }

  // Brings a row into sight, in the middle when it was not.
  reveal(row) {
    this.follow(false);
    const top = row * ROW;
    const { scrollTop, clientHeight } = this.box;
    this.space.style.height = `${this.window.lines.length * ROW}px`;
    if (top < scrollTop || top > scrollTop + clientHeight - 2 * ROW) this.box.scrollTop = top - clientHeight / 2;
    this.refresh();
  }

  get topRow() {
    return Math.floor(this.box.scrollTop / ROW);
  }

  refresh() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    const { lines, widest } = this.window;
    this.search.update();
    this.space.style.height = `${lines.length * ROW}px`;
    this.space.style.width = `${widest + 4}ch`;
    if (this.following) this.sink();
    const top = Math.max(0, this.topRow - SPARE);
    const end = Math.min(lines.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + SPARE);
    const shown = [];
    for (let row = top; row < end; row += 1) shown.push(this.row(row));
    this.rows.style.transform = `translateY(${top * ROW}px)`;
    this.rows.replaceChildren(...shown);
    this.tell();
  }

  sink() {
    this.moving = true;
    this.box.scrollTop = this.box.scrollHeight;
    requestAnimationFrame(() => { this.moving = false; });
  }

  row(row) {
    const current = row === this.search.row;
    const node = make("div", { class: current ? "log-row current" : "log-row" });
    for (const part of parts(this.window.lines[row].raw)) node.append(...this.search.marked(part, span));
    return node;
  }

  tell() {
    const { start, end, size: whole, lines } = this.window;
    this.empty.hidden = lines.length > 0;
    setText(this.empty, this.removed ? t("This log has been removed.") : this.ended ? t("This job wrote nothing.") : t("Nothing has been written yet."));
    this.topButton.hidden = start === 0 && lines.length === 0;
    const all = start === 0 && end >= whole;
    const text = all ? size(whole) : t("{from} to {to} of {size}", { from: size(start), to: size(end), size: size(whole) });
    setText(this.place, lines.length ? text : "");
  }
}
