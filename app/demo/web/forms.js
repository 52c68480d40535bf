// The forms: a command, a suite, a question. Each keeps its text until it has succeeded.

import { $, $$, make, setText } from "./dom.js";
import { t } from "./words.js";

const OWN = "";

export function prepare(dialog, submit) {
  const form = $("form", dialog);
  for (const button of $$(".close", dialog)) button.addEventListener("click", () => dialog.close());
  dialog.addEventListener("mousedown", (event) => event.target === dialog && dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = $("[type=submit]", form);
    button.disabled = true;
    try {
      await submit(form);
      dialog.close();
    } catch (error) {
      problem(dialog, error.message);
    } finally {
      button.disabled = false;
    }
  });
}

export function open(dialog) {
  problem(dialog, "");
  dialog.showModal();
}

function problem(dialog, text) {
  const note = $(".notice", dialog);
  note.hidden = !text;
  setText(note, text);
}

export function setUpCommand(connection, onStarted) {
  const dialog = $("#command-dialog");
  prepare(dialog, async (form) => {
    const data = await connection.call("task", {
      command: form.command.value,
      timeout: Number(form.timeout.value),
      work_dir: form.work_dir.value.trim(),
      env: environment(form.env.value),
    });
    onStarted(data.run);
  });
  $("#new-command").addEventListener("click", () => open(dialog));
}

function environment(text) {
  const found = {};
  text.split("\n").forEach((line, number) => {
    if (!line.trim()) return;
    const at = line.indexOf("=");
    if (at < 1) throw new Error(t("Line {number} is not of the form NAME=value.", { number: number + 1 }));
    found[line.slice(0, at).trim()] = line.slice(at + 1);
  });
  return found;
}

export class SuiteForm {
  constructor(connection, onStarted) {
    this.suites = [];
    this.dialog = $("#suite-dialog");
    this.form = $("form", this.dialog);
    prepare(this.dialog, async () => onStarted((await this.start(connection)).run));
    this.form.suite.addEventListener("change", () => this.show());
    $("#new-suite").addEventListener("click", () => {
      this.fill();
      open(this.dialog);
    });
  }

  start(connection) {
    const { form } = this;
    if (form.suite.value !== OWN) return connection.call("start", { suite: form.suite.value });
    return connection.call("suite", {
      name: form.name_.value.trim(),
      command: form.command.value,
      cases: lines(form.cases.value),
      git_url: form.git_url.value.trim(),
      git_branch: form.git_branch.value.trim(),
      git_token: form.git_token.value,
    });
  }

  fill() {
    const before = this.form.suite.value;
    const options = this.suites.map((suite) => make("option", { value: suite.id }, suite.name)).reverse();
    this.form.suite.replaceChildren(...options, make("option", { value: OWN }, t("A new suite")));
    this.form.suite.value = this.suites.some((suite) => suite.id === before) ? before : (this.suites.at(-1)?.id ?? OWN);
    this.show();
  }

  // A suite of the platform is shown as it is; only a new one can be written.
  show() {
    const { form } = this;
    const suite = this.suites.find((one) => one.id === form.suite.value);
    for (const node of $$(".own", form)) node.hidden = Boolean(suite);
    for (const name of ["command", "cases", "git_url", "git_branch"]) form[name].readOnly = Boolean(suite);
    form.name_.disabled = Boolean(suite);
    if (!suite && !this.shown) return;
    this.shown = suite;
    form.command.value = suite?.command ?? "";
    form.cases.value = suite?.cases.join("\n") ?? "";
    form.git_url.value = suite?.git_url ?? "";
    form.git_branch.value = suite?.git_branch ?? "";
  }
}

const lines = (text) => [...new Set(text.split("\n").map((line) => line.trim()).filter(Boolean))];

// Asks one question; `field` names the text that is wanted, if any.
export class Question {
  constructor() {
    this.dialog = $("#ask-dialog");
    prepare(this.dialog, (form) => this.act(form.answer.value.trim()));
  }

  ask({ title, text = "", field = "", button, danger = false, act }) {
    const form = $("form", this.dialog);
    this.act = act;
    setText($("h2", form), title);
    setText($("#ask-text"), text);
    $("#ask-text").hidden = !text;
    $("#ask-field").hidden = !field;
    setText($("#ask-field span"), field);
    form.answer.required = Boolean(field);
    form.answer.value = "";
    const submit = $("[type=submit]", form);
    setText(submit, button);
    submit.classList.toggle("danger", danger);
    open(this.dialog);
    if (field) form.answer.focus();
  }
}
