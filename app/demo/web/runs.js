// The list of runs, and the head of the chosen one.

import { $, make, setText } from "./dom.js";
import { clock, span, t } from "./words.js";

const RESULTS = ["passed", "failed", "error", "skipped"];
export const isOpen = (run) => run.state === "running" || run.state === "waiting";

export class RunList {
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.runs = new Map();
    this.order = [];
    this.buttons = new Map();
  }

  take(order, runs) {
    for (const run of runs ?? []) this.runs.set(run.id, run);
    if (order) this.order = order;
    for (const id of this.runs.keys()) if (!this.order.includes(id)) this.runs.delete(id);
    this.draw(new Set((runs ?? []).map((run) => run.id)));
  }

  newest() {
    return this.order.at(-1);
  }

  choose(id) {
    this.chosen = id;
    for (const [one, button] of this.buttons) button.setAttribute("aria-current", String(one === id));
  }

  draw(changed) {
    const items = [...this.order].reverse().filter((id) => this.runs.has(id));
    const list = $("#runs");
    for (const id of items) {
      if (!this.buttons.has(id)) this.buttons.set(id, make("button", { type: "button", onclick: () => this.onChoose(id) }));
      if (changed.has(id)) this.paint(this.buttons.get(id), this.runs.get(id));
    }
    const wanted = items.map((id) => this.buttons.get(id));
    const present = [...list.children].map((item) => item.firstChild);
    if (wanted.length !== present.length || wanted.some((button, place) => button !== present[place])) {
      list.replaceChildren(...wanted.map((button) => make("li", {}, button)));
    }
    for (const id of [...this.buttons.keys()]) if (!this.runs.has(id)) this.buttons.delete(id);
    $("#no-runs").hidden = items.length > 0;
    this.choose(this.chosen);
  }

  repaint() {
    for (const [id, button] of this.buttons) this.paint(button, this.runs.get(id));
  }

  paint(button, run) {
    button.replaceChildren(
      make("span", { class: `sign ${run.state}`, "aria-hidden": "true" }),
      make("span", { class: "name" }, run.name.split("\n")[0]),
      make("span", { class: "when" }, clock(run.created)),
      make("span", { class: "sub" }, summary(run)),
    );
  }
}

function summary(run) {
  if (run.kind === "task") return [t("command"), t(run.state)].join(" · ");
  const done = RESULTS.reduce((sum, name) => sum + run.counts[name], 0);
  return [t(run.state), t("{done} of {total} cases", { done, total: run.total })].join(" · ");
}

export function showHead(run) {
  $("#no-run").hidden = Boolean(run);
  $("#run").hidden = !run;
  if (!run) return;
  setText($("#run-name"), run.name.split("\n")[0]);
  $("#run-name").className = run.kind;
  $("#run-name").title = run.name;
  const badge = $("#run-state");
  badge.className = `badge ${run.state}`;
  setText(badge, t(run.state));
  $("#run-cancel").hidden = !isOpen(run);
  const message = $("#run-message");
  message.hidden = !run.message;
  message.className = `message ${isOpen(run) ? "" : run.state}`;
  setText(message, run.message ?? "");
  showCounts(run);
  tickHead(run);
}

// Also called once a second, because a running run grows older.
export function tickHead(run) {
  if (!run) return;
  const facts = [run.command === run.name ? "" : run.command.split("\n")[0], t("started {time}", { time: clock(run.created) })];
  if (run.ended && run.started) facts.push(t("took {span}", { span: span(run.seconds ?? run.ended - run.started) }));
  else if (run.started) facts.push(t("for {span}", { span: span(Math.floor(Date.now() / 1000 - run.started), 0) }));
  if (Number.isInteger(run.exit_code)) facts.push(t("exit code {code}", { code: run.exit_code }));
  setText($("#run-facts"), facts.filter(Boolean).join("  ·  "));
}

function showCounts(run) {
  const bar = $("#progress");
  bar.hidden = run.kind !== "suite";
  if (run.kind !== "suite") return $("#counts").replaceChildren();
  const done = RESULTS.reduce((sum, name) => sum + run.counts[name], 0);
  const parts = [...RESULTS.map((name) => [name, run.counts[name]]), ["open", Math.max(0, run.total - done)]];
  if (bar.children.length !== parts.length) bar.replaceChildren(...parts.map(([name]) => make("i", { class: name })));
  parts.forEach(([, count], place) => {
    bar.children[place].style.flexGrow = count;
    bar.children[place].hidden = !count;
  });
  bar.setAttribute("aria-label", t("{done} of {total} cases", { done, total: run.total }));
  const items = parts.filter(([, count]) => count).map(([name, count]) => make("li", { class: name, "data-count": name }, make("span", { class: "sign" }), make("span", {}, make("b", {}, String(count)), ` ${t(name)}`)));
  $("#counts").replaceChildren(...items);
}
