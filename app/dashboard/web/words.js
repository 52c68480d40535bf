// Texts for people: the English text is the key, the agent brings the translations.

import { make, setText } from "./dom.js";

let texts = {};
let language = "en";
let ahead = 0; // seconds that the agent's clock is ahead of the browser's

export function learn(hello) {
  texts = hello.texts ?? {};
  language = hello.language ?? "en";
  ahead = Number.isFinite(hello.clock) ? hello.clock - Date.now() / 1000 : 0;
  document.documentElement.lang = locale();
}

export const spoken = () => language;
export const locale = () => (language.startsWith("zh") ? "zh-CN" : "en-GB");
export const now = () => Date.now() / 1000 + ahead;

export function t(text, values = {}) {
  return (texts[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export const number = (value) => value.toLocaleString(locale());

export function size(bytes) {
  if (!Number.isFinite(bytes)) return t("unknown");
  let unit = 0;
  for (; bytes >= 1024 && unit < 4; unit += 1) bytes /= 1024;
  return `${unit && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}

export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [minutes, hours, days] = [Math.floor(whole / 60), Math.floor(whole / 3600), Math.floor(whole / 86400)];
  if (days) return t("{days} d {hours} h", { days, hours: hours % 24 });
  if (hours) return t("{hours} h {minutes} min", { hours, minutes: minutes % 60 });
  if (minutes) return t("{minutes} min {seconds} s", { minutes, seconds: whole % 60 });
  return t("{seconds} s", { seconds: whole });
}

export const clock = (epoch) => new Date(epoch * 1000).toLocaleTimeString(locale(), { hour12: false });

const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

export function ago(epoch) {
  const seconds = epoch - now();
  if (Math.abs(seconds) < 5) return t("just now");
  const [unit, length] = STEPS.find(([, least]) => Math.abs(seconds) >= least);
  return new Intl.RelativeTimeFormat(locale(), { style: "short" }).format(Math.trunc(seconds / length), unit);
}

function absolute(epoch) {
  const date = new Date(epoch * 1000);
  if (date.toDateString() === new Date(now() * 1000).toDateString()) return clock(epoch);
  return date.toLocaleString(locale(), { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
}

// A point in time, absolute and relative; `freshen` keeps the relative part true.
export function moment(epoch) {
  if (!epoch) return make("span", { class: "muted" }, "–");
  const date = new Date(epoch * 1000);
  const node = make("time", { datetime: date.toISOString(), title: date.toLocaleString(locale(), { dateStyle: "full", timeStyle: "medium", hour12: false }), "data-at": epoch });
  return tell(node);
}

function tell(node) {
  const epoch = Number(node.dataset.at);
  setText(node, t("{absolute} ({relative})", { absolute: absolute(epoch), relative: ago(epoch) }));
  return node;
}

export function freshen() {
  for (const node of document.querySelectorAll("time[data-at]")) tell(node);
  for (const node of document.querySelectorAll("[data-since]")) setText(node, span(now() - Number(node.dataset.since)));
}

// How long something has lasted so far; `freshen` counts it on.
export const lasting = (since) => make("span", { "data-since": since, class: "count" }, span(now() - since));
