// One job: what it is, how it stands, its cases and its log; and the agent's own log.

import { make, setText } from "./dom.js";
import { Cases } from "./cases.js";
import { askCancel, titleOf } from "./jobs.js";
import { LogView } from "./logview.js";
import { around, button, link, show } from "./parts.js";
import { badge, isOpen, kindWord } from "./states.js";
import { lasting, moment, size, span, t } from "./words.js";

export class JobView {
  constructor(desk) {
    this.desk = desk;
    this.name = make("h2", { id: "job-title" });
    this.facts = make("p", { class: "muted small facts-line" });
    this.state = make("span", { role: "status" });
    this.cancel = button(t("Cancel"), () => askCancel(desk.connection, this.job), { style: "danger" });
    this.missing = make("p", { class: "notice bad", role: "alert", hidden: true });
    const head = make(
      "section",
      { class: "card head", "aria-labelledby": "job-title" },
      make("p", { class: "small" }, link(t("All jobs"), "#history")),
      make("div", { class: "title" }, make("div", {}, this.name, this.facts), this.state, this.cancel),
      this.missing,
    );
    this.cases = new Cases(desk.connection);
    this.log = new LogView(desk.connection);
    this.node = make("div", { class: "stack job" }, head, this.cases.node, this.log.node);
  }

  title() {
    return this.job ? titleOf(this.job) : t("Job");
  }

  async enter(where) {
    const key = Number(where.replace("job=", ""));
    this.key = key;
    this.job = null;
    this.missing.hidden = true;
    this.cases.open(key);
    this.take(this.desk.snapshot);
    await this.look();
    if (this.key === key && this.job) this.log.open(key, `${this.job.job_id}.log`, this.job.removed);
  }

  leave() {
    this.key = null;
    this.cases.close();
    this.log.close();
  }

  // What the journal knows of this job.
  async look() {
    const { key } = this;
    try {
      const { jobs } = await this.desk.connection.call("history", { kind: "", state: "", text: "", before: key + 1, limit: 1 });
      if (key !== this.key) return;
      if (jobs[0]?.key === key) this.set({ ...this.job, ...jobs[0] });
      else if (!this.job) this.lost();
    } catch (problem) {
      if (key === this.key) this.lost(problem.message);
    }
  }

  lost(text = t("This job is no longer known: old jobs are removed after a while.")) {
    this.missing.hidden = false;
    setText(this.missing, text);
    setText(this.name, t("Job"));
    this.cancel.hidden = true;
    this.cases.node.hidden = true;
  }

  take(snapshot) {
    if (!this.key) return;
    const live = snapshot.jobs.find((job) => job.key === this.key);
    const ended = snapshot.ended.find((job) => job.key === this.key);
    if (live) this.set({ ...this.job, ...live });
    else if (ended && this.job && isOpen(this.job.state)) this.finish(ended);
    else if (ended && !this.job) this.set({ ...ended, finished_at: ended.at });
  }

  async finish(ended) {
    this.set({ ...this.job, ...ended, finished_at: ended.at });
    await this.look();
  }

  set(job) {
    const before = this.job?.state;
    this.job = job;
    setText(this.name, titleOf(job));
    this.name.className = job.kind;
    this.desk.retitle();
    show(this.state, job.state, () => badge(job.state));
    this.cancel.hidden = !isOpen(job.state) || job.state === "stopping";
    this.cases.node.hidden = job.kind !== "suite";
    if (job.kind === "suite" && before !== job.state) this.cases.follow(isOpen(job.state));
    this.showFacts(job);
  }

  showFacts(job) {
    const parts = [[kindWord(job.kind)], [job.job_id]];
    if (job.accepted_at) parts.push(around(t("accepted {time}"), moment(job.accepted_at)));
    if (isOpen(job.state) && job.since) parts.push(around(job.state === "queued" ? t("waiting for {span}") : t("for {span}"), lasting(job.since)));
    else if (job.finished_at) {
      parts.push(around(t("ended {time}"), moment(job.finished_at)));
      if (job.accepted_at) parts.push([t("took {span}", { span: span(job.finished_at - job.accepted_at) })]);
    }
    if (Number.isFinite(job.log_size) && !isOpen(job.state)) parts.push([t("log of {size}", { size: size(job.log_size) })]);
    if (job.delivered === false && !isOpen(job.state)) parts.push([t("not yet delivered to the platform")]);
    if (job.removed) parts.push([t("its folder has been removed")]);
    show(this.facts, [job.state, job.since, job.accepted_at, job.finished_at, job.log_size, job.delivered, job.removed], () =>
      parts.flatMap((part, place) => [place ? "  ·  " : "", make("span", {}, ...part)]),
    );
  }

  reconnected() {
    this.log.reconnected();
    if (this.job?.kind === "suite") this.cases.follow(isOpen(this.job.state));
  }
}

export class AgentLog {
  constructor(desk) {
    this.log = new LogView(desk.connection);
    this.node = make("div", { class: "stack job" }, this.log.node);
  }

  title() {
    return t("Agent's log");
  }

  enter() {
    this.log.open(null, "agent.log");
  }

  leave() {
    this.log.close();
  }

  take() {}

  reconnected() {
    this.log.reconnected();
  }
}
