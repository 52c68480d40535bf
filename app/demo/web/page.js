// The page: news from the demo go to the parts, clicks go back as commands.

import { CaseView } from "./cases.js";
import { Connection } from "./connection.js";
import { $, $$, setText, toast } from "./dom.js";
import { FileView } from "./files.js";
import { Question, setUpCommand, SuiteForm } from "./forms.js";
import { LogView } from "./log.js";
import { isOpen, RunList, showHead, tickHead } from "./runs.js";
import * as vitals from "./vitals.js";
import { apply, choose as chooseLanguage, current, t } from "./words.js";

const link = { open: false, retryAt: 0 };
const connection = new Connection(take, changed);
const log = new LogView();
const cases = new CaseView();
const runs = new RunList((id) => watch(id, true));
const files = new FileView(connection, new Question());
const suiteForm = new SuiteForm(connection, started);
let watched = "";
let picked = false; // the user chose this run: a newer one does not take its place

function take(message) {
  if (message.type === "hello") greet(message);
  else if (message.type === "state") takeState(message);
  else if (message.run !== watched) return;
  else if (message.type === "cases") cases.take(message.total, message.cases);
  else if (message.type === "log") log.add(message.first, message.start, message.lines);
}

function greet(message) {
  setText($("#environment"), `${message.name} · ${message.agent_url}`);
  vitals.setHistory(message.history);
  if (watched) watch(watched, picked, true);
}

function takeState(message) {
  if (message.agent) {
    vitals.setAgent(message.agent);
    vitals.tick(link.open);
  }
  if (message.suites) suiteForm.suites = message.suites;
  if (message.runs || message.order) {
    runs.take(message.order, message.runs);
    const current_ = runs.runs.get(watched);
    if (runs.newest() && runs.newest() !== watched && (!watched || !current_ || !picked)) watch(runs.newest(), false);
    else showRun();
  }
}

function showRun() {
  const run = runs.runs.get(watched);
  showHead(run);
  cases.setRunning(Boolean(run && isOpen(run)));
}

function watch(id, byUser, again = false) {
  picked = byUser;
  if (id !== watched || again) {
    watched = id;
    cases.reset();
    log.reset(id);
    connection.send({ do: "watch", run: id });
  }
  runs.choose(id);
  showRun();
  if (byUser && !again) chooseTab("run");
}

function started(id) {
  watch(id, true);
  picked = false;
}

function changed(state) {
  Object.assign(link, state);
  showBanner();
  vitals.tick(link.open);
}

function showBanner() {
  const lost = !link.open && Boolean(link.retryAt);
  $("#banner").hidden = !lost;
  document.body.classList.toggle("lost", lost); // what is shown is no longer the present
  const seconds = Math.ceil((link.retryAt - Date.now()) / 1000);
  const text = seconds > 0 ? t("The demo has ended or cannot be reached. Next attempt in {seconds} s.", { seconds }) : t("The demo cannot be reached. Trying…");
  setText($("#banner span"), text);
}

function chooseTab(name) {
  for (const tab of $$("[role=tab]")) {
    const on = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    $(`#${tab.getAttribute("aria-controls")}`).hidden = !on;
  }
  if (name === "files") files.show();
}

function showLanguage() {
  apply();
  $("#language").textContent = current() === "zh" ? "English" : "中文";
  $("#language").lang = current() === "zh" ? "en" : "zh-CN";
}

function toggleTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const next = (document.documentElement.dataset.theme || system) === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
}

for (const tab of $$("[role=tab]")) {
  tab.addEventListener("click", () => chooseTab(tab.id.replace("tab-", "")));
  tab.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const other = $$("[role=tab]").find((one) => one !== tab);
    chooseTab(other.id.replace("tab-", ""));
    other.focus();
  });
}
$("#theme").addEventListener("click", toggleTheme);
$("#language").addEventListener("click", () => {
  chooseLanguage(current() === "zh" ? "en" : "zh");
  showLanguage();
  vitals.show();
  vitals.tick(link.open);
  runs.repaint();
  cases.repaint();
  log.refresh();
  showRun();
  showBanner();
  if (!$("#view-files").hidden) files.show();
});
$("#banner button").addEventListener("click", () => connection.retry());
$("#run-cancel").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true;
  try {
    await connection.call("cancel", { run: watched });
    toast(t("Cancel requested."));
  } catch (error) {
    toast(error.message, true);
  } finally {
    button.disabled = false;
  }
});
setUpCommand(connection, started);
setInterval(() => {
  vitals.tick(link.open);
  tickHead(runs.runs.get(watched));
  if (!link.open) showBanner();
}, 1000);

showLanguage();
vitals.tick(false);
connection.open();
