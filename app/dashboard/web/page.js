// The page: news from the agent go to the view in sight, the fragment says which that is.

import { Connection } from "./connection.js";
import { Connect } from "./connect.js";
import { $, icon, make, setText, toast } from "./dom.js";
import { ask } from "./dialogs.js";
import { History } from "./history.js";
import { AgentLog, JobView } from "./job.js";
import { Overview } from "./overview.js";
import { button, link, show } from "./parts.js";
import { Settings } from "./settings.js";
import { linkLook, stateLine } from "./states.js";
import { freshen, learn, spoken, t } from "./words.js";

const PLOT_STEP = 5; // seconds between two drawings of plots that nothing is added to
const TAKEN_UP = 1500; // ms in which the agent has taken up a changed settings file

class Page {
  constructor() {
    this.connection = new Connection((message) => this.take(message), (status) => this.changed(status));
    this.snapshot = null;
    this.view = null;
    this.quitting = false;
    this.need = ""; // why the connect view was offered last
    this.ticks = 0;
    this.build();
    this.connection.open();
    setInterval(() => this.tick(), 1000);
  }

  // What stands around the views; again when the language is known.
  build() {
    this.environment = make("p", { class: "muted" });
    this.pill = make("div", { id: "link", class: "pill", role: "status" });
    const names = [["", t("Overview")], ["history", t("History")], ["log", t("Log")], ["connect", t("Connection")], ["settings", t("Settings")]];
    this.links = names.map(([name, text]) => link(text, `#${name}`, { "data-view": name }));
    this.banner = make("div", { class: "banner", role: "alert", hidden: true }, make("span"));
    this.again = button(t("Try now"), () => this.connection.retry(), { style: "quiet" });
    this.stopNow = button(t("Stop now…"), () => this.askStop(), { style: "quiet" });
    this.banner.append(this.again);
    this.ending = make("div", { class: "banner", role: "status", hidden: true }, make("span", {}, t("The agent ends when its jobs have ended. It starts nothing new.")), this.stopNow);
    this.main = make("main", { id: "main", tabindex: "-1" }, make("p", { class: "empty" }, t("Connecting to the agent…")));
    const header = make(
      "header",
      { class: "top" },
      make("div", { class: "brand" }, make("img", { src: "icon.svg", alt: "", width: "28", height: "28" }), make("div", {}, make("h1", {}, t("ATS agent")), this.environment)),
      make("nav", { class: "views", "aria-label": t("Views") }, ...this.links),
      this.pill,
      make("div", { class: "tools" }, button(t("Light or dark"), () => this.toggleTheme(), { name: "theme", style: "quiet" })),
    );
    const skip = make("a", { class: "skip", href: "#main", onclick: (event) => { event.preventDefault(); this.main.focus(); } }, t("Skip to the content"));
    $("#page").replaceChildren(skip, header, this.banner, this.ending, this.main);
  }

  take(message) {
    if (message.type === "hello") this.greet(message);
    else if (message.type === "state") this.takeState(message.snapshot);
    else if (message.type === "metrics") this.views?.overview.plots.add(message.samples);
    else if (message.type === "log") this.view?.log?.take(message);
  }

  greet(hello) {
    const before = this.views && spoken();
    learn(hello);
    if (before && before !== spoken()) return location.reload();
    if (this.views) {
      this.views.overview.plots.reset();
      this.view?.reconnected?.();
      return;
    }
    this.build();
    this.views = { overview: new Overview(this), job: new JobView(this), history: new History(this), log: new AgentLog(this), settings: new Settings(this), connect: new Connect(this) };
    addEventListener("hashchange", () => this.route(true));
  }

  takeState(snapshot) {
    const first = !this.snapshot;
    this.snapshot = snapshot;
    const look = linkLook(snapshot);
    this.pill.dataset.state = look.name;
    show(this.pill, [look, stateLine(snapshot)], () => [icon(look.icon), make("span", {}, stateLine(snapshot))]);
    setText(this.environment, [snapshot.environment, snapshot.server_url].filter(Boolean).join(" · "));
    this.environment.title = this.environment.textContent;
    this.ending.hidden = !snapshot.draining;
    this.stopNow.hidden = !snapshot.running;
    const guided = this.guide(snapshot);
    if (first && !guided) this.route(false);
    else this.view?.take?.(snapshot);
    this.retitle();
  }

  // The user can go on only at the connect view: shown once each time that this becomes so.
  guide(snapshot) {
    const need = !snapshot.set_up ? "unset" : snapshot.link === "rejected" ? "rejected" : "";
    const fresh = need && need !== this.need;
    this.need = need;
    const here = location.hash.slice(1);
    if (!fresh || (here !== "" && here !== "jobs")) return false;
    history.replaceState(null, "", "#connect");
    this.route(Boolean(this.view));
    return true;
  }

  go(where) {
    if (location.hash.slice(1) === where) this.route(true);
    else location.hash = where;
  }

  route(byUser) {
    if (!this.snapshot) return; // the first one routes
    const where = location.hash.slice(1);
    const name = where.startsWith("job=") ? "job" : Object.hasOwn(this.views, where) && where !== "job" ? where : "overview";
    this.view?.leave?.();
    this.view = this.views[name];
    this.main.replaceChildren(this.view.node);
    for (const one of this.links) {
      if (one.dataset.view === (name === "overview" ? "" : name === "job" ? "history" : name)) one.setAttribute("aria-current", "page");
      else one.removeAttribute("aria-current");
    }
    scrollTo(0, 0);
    if (byUser) this.main.focus({ preventScroll: true });
    this.view.take?.(this.snapshot);
    this.view.enter?.(where);
    this.retitle();
    freshen();
  }

  retitle() {
    if (!this.view) return;
    const what = this.view === this.views.overview ? stateLine(this.snapshot) : this.view.title();
    const title = t("{what} · ATS agent", { what });
    if (document.title !== title) document.title = title;
  }

  changed(status) {
    document.body.classList.toggle("lost", status !== "open"); // what is shown is no longer the present
    if (status === "lost" && this.quitting) clearTimeout(this.connection.timer);
    this.showBanner();
  }

  showBanner() {
    const { status, retryAt } = this.connection;
    const ended = this.quitting || this.snapshot?.draining;
    this.banner.hidden = !["lost", "stale"].includes(status);
    this.again.hidden = status !== "lost" || Boolean(this.quitting);
    const seconds = Math.ceil((retryAt - Date.now()) / 1000);
    let text = "";
    if (status === "stale") text = t("This page's link is no longer valid: the agent was started anew. Open the dashboard from the tray icon again.");
    else if (ended) text = t("The agent has ended. Start it and open the dashboard from the tray icon again.");
    else if (seconds > 0) text = t("The agent has ended or does not answer. Next attempt in {seconds} s. If you have started it again, open the dashboard from the tray icon again.", { seconds });
    else text = t("The agent has ended or does not answer. Trying to reach it…");
    setText(this.banner.firstChild, text);
  }

  tick() {
    freshen();
    if (this.connection.status === "lost") this.showBanner();
    this.ticks += 1;
    if (this.views && this.view === this.views.overview && this.ticks % PLOT_STEP === 0) this.view.plots.refresh();
  }

  async askStop() {
    const sure = await ask({
      title: t("Stop the running jobs and quit now?"),
      text: t("They are stopped and reported to the platform as interrupted."),
      no: t("Let them run"),
      choices: [{ value: "quit", label: t("Stop jobs and quit now"), style: "primary danger" }],
    });
    if (!sure) return;
    await this.connection.call("command", { command: "quit" });
    this.quitting = true;
  }

  // The agent greets a new connection in its present language; `greet` then loads the page anew.
  expectLanguage(wanted, before) {
    setTimeout(() => this.connection.open(), TAKEN_UP);
    setTimeout(() => {
      if (wanted && wanted !== before) toast(t("The new language shows when the agent is started again."));
    }, 3 * TAKEN_UP);
  }

  toggleTheme() {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    this.setTheme((document.documentElement.dataset.theme || system) === "dark" ? "light" : "dark");
    if (this.view === this.views?.settings) this.view.theme.value = document.documentElement.dataset.theme;
  }

  // "": as the system has it.
  setTheme(theme) {
    if (theme) {
      document.documentElement.dataset.theme = theme;
      localStorage.setItem("theme", theme);
    } else {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem("theme");
    }
  }
}

new Page();
