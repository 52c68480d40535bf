// The cases of a suite with their results, in a table with a filter.

import { make, setText } from "./dom.js";
import { card, keep, show } from "./parts.js";
import { CASE_RESULTS, caseCounts, resultMark, resultWord } from "./states.js";
import { number, t } from "./words.js";

const AGAIN = 2000; // ms between two questions while the suite runs
const FIRST = 200; // rows; more on demand, so that 5000 cases open at once

export class Cases {
  constructor(connection) {
    this.connection = connection;
    this.filter = make("select", { "aria-label": t("Which results to show"), onchange: () => this.draw() });
    this.text = make("input", { type: "search", placeholder: t("Filter by code"), "aria-label": t("Filter by code"), oninput: () => this.draw() });
    this.body = make("tbody");
    this.empty = make("p", { class: "empty" });
    this.rest = make("button", { type: "button", hidden: true, onclick: () => this.draw(Infinity) });
    this.counts = make("span", { class: "row counts" });
    this.table = make("table", { class: "cases" }, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, t("Case")), make("th", { scope: "col" }, t("Result")))), this.body);
    this.node = card(t("Cases"), make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("Cases") }, this.table), this.empty, this.rest);
    this.node.head.append(this.counts, make("div", { class: "row end" }, this.text, this.filter));
  }

  open(key) {
    this.close();
    this.key = key;
    this.cases = null;
    this.text.value = "";
    this.fillFilter();
    this.filter.value = "";
    this.draw();
  }

  close() {
    clearTimeout(this.timer);
    this.key = null;
  }

  fillFilter() {
    const options = [["", t("All results")], ["bad", t("Not passed")], ...CASE_RESULTS.map((name) => [name, resultWord(name)]), ["none", resultWord(null)]];
    this.filter.replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
  }

  // Reads the cases, and again while the job runs.
  async follow(running) {
    clearTimeout(this.timer);
    const { key } = this;
    if (key === null) return;
    try {
      const { cases } = await this.connection.call("cases", { key });
      if (key !== this.key) return;
      this.cases = cases;
      this.problem = "";
    } catch (problem) {
      this.problem = problem.message;
    }
    if (key !== this.key) return;
    this.draw();
    clearTimeout(this.timer);
    if (running) this.timer = setTimeout(() => this.follow(true), AGAIN);
  }

  wanted() {
    const which = this.filter.value;
    const text = this.text.value.trim().toLowerCase();
    return (this.cases ?? []).filter(({ code, case_id: id, result }) => {
      const fits = !which || (which === "none" ? !result : which === "bad" ? result && result !== "passed" : result === which);
      return fits && (!text || `${code} ${id}`.toLowerCase().includes(text));
    });
  }

  draw(limit = FIRST) {
    const found = this.wanted();
    const shown = found.slice(0, limit);
    keep(this.body, shown, (one) => one.case_id, () => make("tr", {}, make("th", { scope: "row", class: "mono" }), make("td")), paint);
    this.table.parentElement.hidden = !shown.length;
    this.empty.hidden = shown.length > 0;
    setText(this.empty, this.problem || (this.cases === null ? t("Reading…") : this.cases.length ? t("No case fits the filter.") : t("This suite has no cases.")));
    this.rest.hidden = found.length <= shown.length;
    setText(this.rest, t("Show all {count}", { count: number(found.length) }));
    const counts = {};
    for (const { result } of this.cases ?? []) if (result) counts[result] = (counts[result] ?? 0) + 1;
    const done = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const total = this.cases?.length ?? 0;
    show(this.counts, [counts, total], () => [...caseCounts(counts), make("span", { class: "muted small" }, t("{done} of {total}", { done: number(done), total: number(total) }))]);
  }
}

function paint(row, one) {
  const [code, result] = row.children;
  setText(code, one.code || one.case_id);
  code.title = one.case_id;
  show(result, one.result, () => resultMark(one.result));
}
