// Every job that the agent remembers, with filters, newest first.

import { make, setText } from "./dom.js";
import { titleOf } from "./jobs.js";
import { button, card, keep, link, notice, show, tell } from "./parts.js";
import { caseCounts, isOpen, jobWord, JOB_STATES, kindWord, sign } from "./states.js";
import { moment, size, span, t } from "./words.js";

const PAGE = 50; // rows
const PAUSE = 250; // ms after the last keystroke

export class History {
  constructor(desk) {
    this.desk = desk;
    const again = () => this.load();
    this.kind = choice(t("Kind"), [["", t("Tasks and suites")], ["task", t("Tasks")], ["suite", t("Suites")]], again);
    this.state = choice(t("State"), [["", t("All states")], ...JOB_STATES.map((name) => [name, jobWord(name)])], again);
    this.text = make("input", { type: "search", maxlength: "1000", placeholder: t("Search command or id"), "aria-label": t("Search command or id"), oninput: () => this.typed() });
    this.body = make("tbody");
    const heads = [t("Job"), t("Accepted"), t("Took"), t("Cases"), t("Log")];
    this.table = make("table", { class: "history" }, make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))), this.body);
    this.empty = make("p", { class: "empty", role: "status" });
    this.problem = notice(true);
    this.older = button(t("Show older jobs"), () => this.load(true));
    this.older.hidden = true;
    this.node = make("div", { class: "stack" }, (this.card = card(t("History"), this.problem, this.table, this.empty, make("div", { class: "row centre" }, this.older))));
    this.card.head.append(make("div", { class: "row end filters" }, this.text, this.kind, this.state));
    this.rows = [];
    this.asked = 0;
  }

  title() {
    return t("History");
  }

  enter() {
    this.seen = mark(this.desk.snapshot);
    return this.load();
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), PAUSE);
  }

  // A job came or ended: the first page is read again, unless the user has paged on.
  take(snapshot) {
    const seen = mark(snapshot);
    if (seen === this.seen) return;
    this.seen = seen;
    if (this.rows.length <= PAGE) this.load();
  }

  reconnected() {
    this.load();
  }

  async load(older = false) {
    const number = ++this.asked;
    const before = older ? (this.rows.at(-1)?.key ?? null) : null;
    const filters = { kind: this.kind.value, state: this.state.value, text: this.text.value.trim() };
    try {
      const { jobs, more } = await this.desk.connection.call("history", { ...filters, before, limit: PAGE });
      if (number !== this.asked) return;
      this.rows = older ? this.rows.concat(jobs) : jobs;
      this.more = more;
      tell(this.problem, "");
      this.draw(Object.values(filters).some(Boolean));
    } catch (problem) {
      if (number === this.asked) tell(this.problem, problem.message);
    }
  }

  draw(filtered) {
    keep(this.body, this.rows, (job) => job.key, row, paint);
    this.table.hidden = !this.rows.length;
    this.empty.hidden = this.rows.length > 0;
    setText(this.empty, filtered ? t("No job fits the filters.") : t("No job has come yet."));
    this.older.hidden = !this.more;
  }
}

const mark = (snapshot) => JSON.stringify([snapshot.jobs.map((job) => [job.key, job.state]), snapshot.ended.at(-1)?.key]);

function choice(label, options, act) {
  return make("select", { "aria-label": label, onchange: act }, ...options.map(([value, text]) => make("option", { value }, text)));
}

function row(job) {
  const words = make("div", { class: "words" }, link("", `#job=${job.key}`, { class: "name" }), make("span", { class: "sub" }));
  const name = make("th", { scope: "row" }, make("div", { class: "job-name" }, make("span", { class: "look" }), words));
  return make("tr", {}, name, make("td", { class: "date" }, moment(job.accepted_at)), make("td", { class: "date took" }), make("td", { class: "counts" }), make("td", { class: "date" }));
}

function paint(node, job) {
  const [name, , took, cases, log] = node.children;
  const [look, words] = name.firstChild.children;
  show(look, job.state, () => sign(job.state));
  setText(words.firstChild, titleOf(job));
  words.firstChild.title = titleOf(job);
  const late = job.delivered === false && !isOpen(job.state) ? ` · ${t("not yet delivered to the platform")}` : "";
  const gone = job.removed ? ` · ${t("its folder has been removed")}` : "";
  setText(words.lastChild, `${kindWord(job.kind)} · ${jobWord(job.state)} · ${job.job_id}${late}${gone}`);
  setText(took, job.finished_at ? span(job.finished_at - job.accepted_at) : "");
  show(cases, job.cases, () => make("span", { class: "row" }, ...caseCounts(job.cases)));
  setText(log, Number.isFinite(job.log_size) ? size(job.log_size) : "–");
}
