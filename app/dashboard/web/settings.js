// Settings: what counts now and where it comes from, the file, the program itself.

import { make, setText, toast } from "./dom.js";
import { ask } from "./dialogs.js";
import { Editor } from "./editor.js";
import { button, card, during, keep, notice, tell } from "./parts.js";
import { spoken, t } from "./words.js";

export class Settings {
  constructor(desk) {
    this.desk = desk;
    this.editor = new Editor(desk, () => this.load());
    this.node = make("div", { class: "stack sheet" }, this.general(), this.editor.node, this.table(), this.program());
  }

  title() {
    return t("Settings");
  }

  enter() {
    this.theme.value = document.documentElement.dataset.theme ?? "";
    this.editor.load();
    return this.load();
  }

  reconnected() {
    this.enter();
  }

  general() {
    const open = (what) => () => this.desk.connection.call("open", { what });
    this.login = make("input", { type: "checkbox", id: "autostart", role: "switch", onchange: () => this.toggleLogin() });
    this.loginHint = make("p", { class: "muted small", id: "autostart-hint" });
    this.login.setAttribute("aria-describedby", "autostart-hint");
    this.language = choice("language", [["", t("As the system")], ["en", "English"], ["zh_CN", "简体中文"]], () => this.chooseLanguage());
    this.languageHint = make("p", { class: "muted small" });
    this.theme = choice("theme-choice", [["", t("As the system")], ["light", t("Light")], ["dark", t("Dark")]], () => this.desk.setTheme(this.theme.value));
    this.openers = make("div", { class: "row" }, button(t("Open log"), open("log")), button(t("Open work folder"), open("work_folder")), button(t("Open settings file"), open("config")));
    return card(
      t("General"),
      make(
        "div",
        { class: "fields" },
        field(t("Start at login"), "autostart", this.login, this.loginHint),
        field(t("Language"), "language", this.language, this.languageHint),
        field(t("Appearance"), "theme-choice", this.theme),
      ),
      this.openers,
    );
  }

  table() {
    this.body = make("tbody");
    this.problem = notice(true);
    const heads = [t("Setting"), t("Value"), t("From")];
    const table = make("table", { class: "settings" }, make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))), this.body);
    return card(t("What counts now"), this.problem, make("div", { class: "scroll wide-only", tabindex: "0", role: "group", "aria-label": t("What counts now") }, table));
  }

  program() {
    this.version = make("p", { class: "muted" });
    const quit = button(t("Quit the agent…"), () => this.quit(), { style: "danger" });
    return card(t("Program"), this.version, make("div", { class: "row actions" }, quit));
  }

  take(snapshot) {
    const { autostart, headless, program } = snapshot;
    this.login.disabled = autostart === null;
    if (!this.changing) this.login.checked = Boolean(autostart);
    setText(this.loginHint, autostart === null ? t("This system offers no start at login.") : t("The agent starts when you log in, without administrator rights."));
    this.openers.hidden = headless;
    setText(this.version, t("ATS agent {version}", { version: program.version }));
  }

  async load() {
    try {
      const { rows } = await this.desk.connection.call("settings");
      tell(this.problem, "");
      keep(this.body, rows, (row) => row.key, () => make("tr", {}, make("th", { scope: "row" }, make("span", { class: "mono" }), make("span", { class: "sub" })), make("td", { class: "mono" }), make("td", { class: "muted" })), paint);
      this.showLanguage(rows.find((row) => row.key === "language"));
    } catch (problem) {
      tell(this.problem, problem.message);
    }
  }

  showLanguage(row) {
    const origin = row?.origin ?? "default";
    const fixed = /^(--|environment )/.test(origin);
    this.language.disabled = fixed;
    this.language.value = origin === "default" ? "" : (row?.value ?? "");
    setText(this.languageHint, fixed ? t("Set by {origin}, which goes before the settings file.", { origin: source(origin) }) : t("Kept in the settings file."));
  }

  async toggleLogin() {
    this.changing = true;
    try {
      await this.desk.connection.call("autostart", { wanted: this.login.checked });
    } catch (problem) {
      toast(problem.message, true);
      this.login.checked = Boolean(this.desk.snapshot?.autostart);
    } finally {
      this.changing = false;
    }
  }

  chooseLanguage() {
    return during(this.language, async () => {
      const wanted = this.language.value;
      await this.editor.write("language", wanted || null);
      this.desk.expectLanguage(wanted || null, spoken());
    });
  }

  async quit() {
    const { connection, snapshot } = this.desk;
    const busy = snapshot.running > 0;
    const now = { value: "quit", label: busy ? t("Stop jobs and quit now") : t("Quit"), style: "primary danger" };
    const later = { value: "drain", label: t("Quit when jobs have ended"), style: "primary" };
    const choice_ = await ask({
      title: t("Quit the agent?"),
      text: [busy ? t("{count} running", { count: snapshot.running }) : t("No job runs."), t("The platform sees this computer as offline until the agent is started again.")],
      no: t("Go on working"),
      choices: busy ? [now, later] : [now],
    });
    if (!choice_) return;
    await connection.call("command", { command: choice_ });
    this.desk.quitting = choice_ === "quit";
  }
}

function choice(id, options, act) {
  return make("select", { id, onchange: act }, ...options.map(([value, text]) => make("option", { value }, text)));
}

function field(label, id, control, hint = null) {
  return make("div", { class: "field" }, make("label", { for: id }, label), make("div", {}, control, hint));
}

function paint(row, { key, value, origin, about, default: fallback }) {
  const [name, shown, from] = row.children;
  setText(name.firstChild, key);
  setText(name.lastChild, about);
  setText(shown, inWords(value));
  const usual = origin === "default";
  row.classList.toggle("set", !usual);
  setText(from, usual ? t("default") : t("{origin} (default: {value})", { origin: source(origin), value: inWords(fallback) }));
}

function source(origin) {
  const name = origin.replace(/^environment /, "");
  return name === origin ? origin : t("environment {name}", { name });
}

function inWords(value) {
  if (value === null || value === undefined || value === "") return t("not set");
  if (value === true) return t("yes");
  if (value === false) return t("no");
  return Array.isArray(value) ? value.join(", ") || t("none") : String(value);
}
