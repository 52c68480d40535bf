// The settings file as text: checked, saved, undone; an error shows at its line.

import { make, setText, toast } from "./dom.js";
import { button, card, notice, tell } from "./parts.js";
import { t } from "./words.js";

const LINE_IN_CAUSE = /:(\d+): /; // "/path/config.yaml:3: what is wrong"

export class Editor {
  constructor(desk, onSaved) {
    this.desk = desk;
    this.onSaved = onSaved;
    this.path = make("p", { class: "mono small path" });
    this.gutter = make("div", { class: "gutter", "aria-hidden": "true" });
    this.area = make("textarea", { class: "mono", rows: "16", spellcheck: "false", wrap: "off", "aria-label": t("Text of the settings file"), autocapitalize: "off" });
    this.problem = notice(true);
    this.said = notice();
    this.check = button(t("Check"), () => this.attempt("config.check"));
    this.save = button(t("Save"), () => this.attempt("config.save"), { style: "primary" });
    this.undo = button(t("Undo changes"), () => this.reset());
    this.area.addEventListener("input", () => this.changed());
    this.area.addEventListener("scroll", () => { this.gutter.scrollTop = this.area.scrollTop; });
    this.node = card(t("Settings file"), this.path, make("div", { class: "editor" }, this.gutter, this.area), this.problem, this.said, (this.actions = make("div", { class: "row actions" }, this.check, this.save, this.undo)));
    this.stored = null;
  }

  get dirty() {
    return this.stored !== null && this.area.value !== this.stored;
  }

  // Reads the file; what is being written here goes first.
  async load() {
    if (this.dirty) return;
    try {
      const { path, text } = await this.desk.connection.call("config.read");
      if (this.dirty) return;
      this.stored = text;
      setText(this.path, path);
      this.area.value = text;
      this.open(true);
      this.changed();
    } catch (problem) {
      this.open(this.stored !== null);
      tell(this.problem, problem.message);
    }
  }

  // Without a text there is nothing to edit.
  open(on) {
    this.area.readOnly = !on;
    this.actions.hidden = !on;
  }

  reset() {
    this.area.value = this.stored ?? "";
    this.changed();
    this.area.focus();
  }

  changed() {
    tell(this.problem, "");
    tell(this.said, this.dirty ? t("Not saved yet.") : "");
    this.number();
    this.undo.hidden = !this.dirty;
  }

  number(bad = 0) {
    const count = this.area.value.split("\n").length;
    const lines = Array.from({ length: count }, (_, place) => make("span", { class: place + 1 === bad ? "bad" : "" }, String(place + 1)));
    this.gutter.replaceChildren(...lines);
    this.gutter.scrollTop = this.area.scrollTop;
  }

  async attempt(ask) {
    const text = this.area.value;
    try {
      const { warnings } = await this.desk.connection.call(ask, { text });
      if (ask === "config.save") this.stored = text;
      this.changed();
      const good = ask === "config.save" ? t("Saved. The agent takes it up now.") : t("No error found.");
      tell(this.said, [good, ...(warnings ?? [])].join("\n"));
      if (ask === "config.save") this.onSaved();
    } catch (problem) {
      this.failed(problem);
    }
  }

  failed(problem) {
    tell(this.said, "");
    tell(this.problem, problem.message);
    const line = Number(problem.cause?.match(LINE_IN_CAUSE)?.[1] ?? 0);
    this.number(line);
    if (!line) return;
    const lines = this.area.value.split("\n");
    const from = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    this.area.focus();
    this.area.setSelectionRange(from, from + (lines[line - 1] ?? "").length);
    this.area.scrollTop = Math.max(0, (line - 6) * (this.area.scrollHeight / lines.length));
  }

  // Writes one setting of the file's top level, leaving all else as it is; null takes it out.
  async write(key, value) {
    if (this.dirty) return toast(t("Save or undo your changes in the settings file first."), true);
    const { text } = await this.desk.connection.call("config.read");
    const lines = text.split("\n");
    const place = lines.findIndex((line) => line.startsWith(`${key}:`));
    const fresh = value === null ? [] : [`${key}: ${value}`];
    if (place >= 0) lines.splice(place, 1, ...fresh);
    else lines.splice(lines.at(-1) === "" ? -1 : lines.length, 0, ...fresh);
    const next = lines.join("\n").replace(/([^\n])$/, "$1\n");
    await this.desk.connection.call("config.save", { text: next });
    this.stored = null;
    await this.load();
    this.onSaved();
  }
}
