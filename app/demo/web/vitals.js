// The agent's vital signs: facts, meters, curves, the age of the last heartbeat.

import { $, draw, make, setText } from "./dom.js";
import { size, span, t } from "./words.js";

const SAMPLES = 60;
const HIGH = 80; // percent
const FULL = 93;
const OLD_BEAT = 45; // seconds
const UNITS = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

const curves = { cpu_info: [], memory_info: [] };
let agent = null;

export function setHistory(samples) {
  for (const name of Object.keys(curves)) {
    curves[name] = samples.map((sample) => sample[name]).filter((value) => value !== null);
  }
}

export function setAgent(next) {
  if (agent && next.beat !== agent.beat) {
    for (const [name, samples] of Object.entries(curves)) {
      const usage = next.facts[name]?.usage_percent;
      if (Number.isFinite(usage)) samples.push(usage);
      if (samples.length > SAMPLES) samples.shift();
    }
  }
  agent = next;
  show();
}

export function show() {
  if (!agent) return;
  const { facts } = agent;
  const cpu = facts.cpu_info ?? {};
  const system = [facts.os_type, facts.os_version].filter(Boolean).join(" ");
  $("#vitals").replaceChildren(
    make("dl", { class: "facts" }, ...fact("System", system), ...fact("Address", facts.node_ip)),
    make(
      "div",
      { class: "meters" },
      meter("Processor", cpu, Number.isFinite(cpu.cores) ? t("{count} cores", { count: cpu.cores }) : "", curves.cpu_info),
      meter("Memory", facts.memory_info ?? {}, share(facts.memory_info), curves.memory_info),
      meter("Disk", facts.disk_info ?? {}, share(facts.disk_info)),
    ),
  );
  tick();
}

// Once a second: what changes by time alone.
export function tick(open = true) {
  const link = $("#link");
  const state = linkState(open);
  link.dataset.state = state.name;
  setText(link.lastElementChild, t(state.text));
  const age = agent?.beat ? Date.now() / 1000 - agent.beat : null;
  setText($("#beat"), age === null ? (agent ? t("no heartbeat yet") : "") : t("heartbeat {age} ago", { age: span(Math.floor(age), 0) }));
  $("#beat").classList.toggle("late", age !== null && age > OLD_BEAT);
}

function linkState(open) {
  if (!open) return { name: "unknown", text: "No connection" };
  if (!agent || !agent.connections) return { name: "unknown", text: "Waiting for the agent…" };
  if (agent.online && agent.reachable) return { name: "online", text: "Online" };
  return agent.online ? { name: "odd", text: "Unreachable" } : { name: "offline", text: "Offline" };
}

function fact(label, value) {
  return [make("dt", {}, t(label)), make("dd", {}, String(value || t("unknown")))];
}

function share(info) {
  if (!Number.isFinite(info?.used) || !Number.isFinite(info?.total)) return "";
  const unit = UNITS[info.unit] ?? UNITS.MB;
  return t("{used} of {total}", { used: size(info.used * unit), total: size(info.total * unit) });
}

function meter(label, info, detail, samples) {
  const usage = info.usage_percent;
  const known = Number.isFinite(usage);
  const level = usage >= FULL ? "full" : usage >= HIGH ? "high" : "";
  const value = known ? [`${Math.round(usage)}`, make("small", {}, "%")] : ["–"];
  const bar = make("div", { class: "bar" }, make("i"));
  bar.firstChild.style.width = `${known ? Math.min(100, usage) : 0}%`;
  return make(
    "div",
    { class: `meter ${level}`, role: "img", "aria-label": t("{label}: {percent} percent", { label: t(label), percent: known ? Math.round(usage) : "?" }) },
    make("div", { class: "what" }, t(label), make("span", { class: "muted small" }, detail || "\u00a0")),
    make("div", { class: "value" }, ...value),
    samples ? spark(samples) : bar,
  );
}

function spark(samples) {
  const step = 100 / (SAMPLES - 1);
  const start = SAMPLES - samples.length;
  const points = samples.map((value, number) => `${((start + number) * step).toFixed(2)},${(31 - (Math.min(100, value) / 100) * 29).toFixed(2)}`);
  const left = (start * step).toFixed(2);
  return draw(
    "svg",
    { class: "spark", viewBox: "0 0 100 32", preserveAspectRatio: "none", "aria-hidden": "true" },
    points.length > 1 ? draw("path", { class: "area", d: `M${left} 31.5L${points.join("L")}L100 31.5Z` }) : null,
    points.length > 1 ? draw("polyline", { class: "curve", points: points.join(" ") }) : null,
  );
}
