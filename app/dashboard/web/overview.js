// The first view: how it stands between this computer and the platform, and what runs.

import { icon, make, setText } from "./dom.js";
import { EndedJobs, OpenJobs } from "./jobs.js";
import { around, breakable, button, card, facts, link, show } from "./parts.js";
import { Plots } from "./plots.js";
import { linkLook, stateLine } from "./states.js";
import { lasting, moment, number, size, t } from "./words.js";

const DISK_AGE = 60000; // ms until the disk is measured again

export class Overview {
  constructor(desk) {
    this.desk = desk;
    this.plots = new Plots();
    this.open = new OpenJobs(desk.connection);
    this.ended = new EndedJobs();
    this.jobs = card(t("Jobs"), this.open.list, this.open.empty);
    this.jobs.head.append((this.counts = make("span", { class: "muted small" })));
    this.jobs.tabIndex = -1;
    const ended = card(t("Ended last"), this.ended.list, this.ended.empty);
    ended.head.append(link(t("All jobs"), "#history"));
    this.node = make(
      "div",
      { class: "columns" },
      make("div", { class: "side" }, this.connectionCard(), this.computerCard()),
      make("div", { class: "wide" }, card(t("The last 15 minutes"), this.plots.node), this.jobs, ended),
    );
  }

  title() {
    return t("Overview");
  }

  enter(where) {
    this.plots.refresh();
    this.measure();
    if (where === "jobs") this.jobs.focus();
  }

  connectionCard() {
    this.state = make("p", { class: "big-state" });
    this.since = make("p", { class: "muted small" });
    this.problem = make("div", { class: "trouble", role: "status", hidden: true });
    this.facts = make("dl", { class: "facts" });
    const command = (name) => () => this.desk.connection.call("command", { command: name });
    this.buttons = {
      connect: button(t("Connect"), command("connect"), { style: "primary" }),
      again: button(t("Connect again"), command("connect"), { style: "primary" }),
      disconnect: button(t("Disconnect"), command("disconnect")),
      pause: button(t("Pause"), command("pause"), { hint: t("What runs is finished, nothing new is started.") }),
      resume: button(t("Resume"), command("resume"), { style: "primary" }),
    };
    const actions = make("div", { class: "row actions" }, ...Object.values(this.buttons));
    const node = card(t("Connection"), this.state, this.since, this.problem, this.facts, actions);
    node.head.append(link(t("Change…"), "#connect"));
    return node;
  }

  computerCard() {
    this.duties = make("ul", { class: "duties" });
    this.disk = make("div", { class: "disk" });
    this.program = make("dl", { class: "facts" });
    return card(t("This computer"), this.duties, this.disk, this.program);
  }

  take(snapshot) {
    this.takeConnection(snapshot);
    this.takeComputer(snapshot);
    this.open.take(snapshot);
    this.ended.take(snapshot.ended);
    setText(this.counts, t("{running} running, {waiting} waiting", { running: snapshot.running, waiting: snapshot.waiting }));
  }

  takeConnection(snapshot) {
    const look = linkLook(snapshot);
    const line = stateLine(snapshot);
    show(this.state, [look, line], () => make("span", { class: `link ${look.name}` }, icon(look.icon), line));
    show(this.since, snapshot.link_since, () => (snapshot.link_since ? around(t("since {time}"), moment(snapshot.link_since)) : []));
    this.takeProblem(snapshot);
    const latency = Number.isFinite(snapshot.latency) ? t("{number} ms", { number: number(Math.round(snapshot.latency * 1000)) }) : "";
    const owed = snapshot.owed_bytes ? t("{size} of logs still to be delivered", { size: size(snapshot.owed_bytes) }) : "";
    const rows = [
      [t("Platform"), snapshot.server_url],
      [t("Environment"), snapshot.environment],
      [t("Latency"), latency],
      [t("Work folder"), snapshot.work_dir],
      [t("Owed"), owed],
    ];
    show(this.facts, rows, () => facts(rows.map(([name, text]) => [name, text && breakable(text)])));
    const wish = snapshot.wanted && snapshot.link === "rejected" ? "again" : snapshot.wanted ? "disconnect" : "connect";
    const shown = { [wish]: snapshot.set_up, [snapshot.paused ? "resume" : "pause"]: snapshot.set_up && !snapshot.draining };
    for (const [name, node] of Object.entries(this.buttons)) node.hidden = !shown[name];
  }

  takeProblem(snapshot) {
    const { problem, problem_at: at } = snapshot;
    this.problem.hidden = !problem;
    this.problem.classList.toggle("bad", snapshot.link === "rejected" || snapshot.link === "backing off");
    show(this.problem, [problem, at], () => [
      make("p", { class: "small muted" }, ...around(t("Last problem, {time}"), moment(at))),
      make("p", { class: "cause" }, problem),
    ]);
  }

  takeComputer(snapshot) {
    const duties = [
      [snapshot.awake ? "online" : "queued", snapshot.awake ? t("Kept awake now") : t("May fall asleep when idle")],
      snapshot.desktop ? ["problem", t("Desktop not ready: {why}", { why: snapshot.desktop })] : ["online", t("Desktop ready for tests")],
    ];
    if (snapshot.autostart !== null) duties.push([snapshot.autostart ? "online" : "queued", snapshot.autostart ? t("Starts at login") : t("Does not start at login")]);
    show(this.duties, duties, () => duties.map(([name, text]) => make("li", { class: `duty ${name}` }, icon(name), text)));
    this.low = snapshot.disk_low;
    if (snapshot.disk_free !== null) this.free = snapshot.disk_free;
    this.drawDisk();
    const { version, pid, started_at: started } = snapshot.program;
    show(this.program, [version, pid, started], () =>
      facts([
        [t("Agent"), t("version {version}, process {pid}", { version, pid })],
        [t("Started"), moment(started)],
        [t("Runs for"), lasting(started)],
      ]),
    );
  }

  async measure() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.node.isConnected && this.measure(), DISK_AGE);
    if (!this.desk.connection.isOpen) return;
    try {
      this.usage = await this.desk.connection.call("disk", {}, 120);
      this.free = this.usage.free;
      this.drawDisk();
    } catch {
      this.usage = null; // the free space of the snapshot stays
    }
  }

  drawDisk() {
    const free = this.free;
    if (!Number.isFinite(free)) return;
    const usage = this.usage;
    show(this.disk, [Math.round(free / 1048576), this.low, usage], () => [
      make("p", { class: this.low ? "duty problem" : "duty" }, icon(this.low ? "problem" : "online"), this.low ? t("Disk nearly full: {free} free", { free: size(free) }) : t("Disk: {free} free", { free: size(free) })),
      ...(usage ? [bar(usage), legend(usage)] : [make("p", { class: "muted small" }, t("Measuring the work folder…"))]),
    ]);
  }
}

const PARTS = ["tasks", "suites", "logs", "cache", "rest"];
const partName = (name) => ({ tasks: t("Tasks"), suites: t("Suites"), logs: t("Logs"), cache: t("Cache"), rest: t("Other files") })[name] ?? name;

function bar({ free, total, work_dir_bytes: parts }) {
  const ours = PARTS.reduce((sum, name) => sum + (parts[name] ?? 0), 0);
  const node = make("div", { class: "bar", role: "img", "aria-label": t("{free} of {total} free, {ours} used by this agent", { free: size(free), total: size(total), ours: size(ours) }) });
  const widths = { other: Math.max(0, total - free - ours), ours, free };
  for (const [name, bytes] of Object.entries(widths)) {
    const part = make("i", { class: name });
    part.style.flexGrow = bytes / total;
    node.append(part);
  }
  return node;
}

function legend({ free, total, work_dir_bytes: parts, home_bytes: home }) {
  const rows = PARTS.filter((name) => parts[name]).map((name) => [partName(name), size(parts[name])]);
  rows.push([t("Agent's own files"), size(home)], [t("Free of {total}", { total: size(total) }), size(free)]);
  return make("dl", { class: "facts" }, ...facts(rows));
}
