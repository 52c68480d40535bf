// What the states are called and look like: each has its own shape, so that colour is never all.

import { icon, make } from "./dom.js";
import { clock, t } from "./words.js";

export function linkLook(snapshot) {
  if (!snapshot.set_up) return { name: "unset", icon: "unset", text: t("Not set up") };
  if (snapshot.link === "rejected") return { name: "problem", icon: "problem", text: t("Token refused {time}", { time: clock(snapshot.link_since) }) };
  if (snapshot.link === "backing off") return { name: "problem", icon: "problem", text: t("No connection, trying again") };
  if (snapshot.link === "stopped") return { name: "off", icon: "off", text: snapshot.wanted ? t("Not connected") : t("Disconnected") };
  if (snapshot.link !== "online") return { name: "waiting", icon: "waiting", text: t("Connecting…") };
  if (snapshot.draining) return { name: "ending", icon: "ending", text: t("Ending when the jobs have ended") };
  if (snapshot.paused) return { name: "paused", icon: "paused", text: t("Paused") };
  return { name: snapshot.running ? "running" : "online", icon: snapshot.running ? "running" : "online", text: t("Online") };
}

export function stateLine(snapshot) {
  const counts = [
    snapshot.running ? t("{count} running", { count: snapshot.running }) : "",
    snapshot.waiting ? t("{count} waiting", { count: snapshot.waiting }) : "",
  ].filter(Boolean);
  const state = linkLook(snapshot).text;
  return counts.length ? t("{state}: {counts}", { state, counts: counts.join(t(", ")) }) : state;
}

const JOBS = {
  queued: { tone: "calm", icon: "queued", word: () => t("waiting") },
  preparing: { tone: "busy", icon: "busy", word: () => t("preparing") },
  running: { tone: "busy", icon: "busy", word: () => t("in progress") },
  stopping: { tone: "odd", icon: "busy", word: () => t("stopping") },
  succeeded: { tone: "good", icon: "done", word: () => t("succeeded") },
  failed: { tone: "bad", icon: "failed", word: () => t("failed") },
  cancelled: { tone: "odd", icon: "cancelled", word: () => t("cancelled") },
  "timed out": { tone: "odd", icon: "clock", word: () => t("timed out") },
  error: { tone: "bad", icon: "problem", word: () => t("error") },
  interrupted: { tone: "odd", icon: "broken", word: () => t("interrupted") },
};
export const JOB_STATES = Object.keys(JOBS);
const OPEN = ["queued", "preparing", "running", "stopping"];

export const isOpen = (state) => OPEN.includes(state);
export const jobWord = (state) => JOBS[state]?.word() ?? state;
export const kindWord = (kind) => (kind === "suite" ? t("suite") : t("task"));

export function sign(state) {
  const look = JOBS[state] ?? JOBS.queued;
  return make("span", { class: `state ${look.tone}` }, icon(look.icon));
}

export function badge(state) {
  const look = JOBS[state] ?? JOBS.queued;
  return make("span", { class: `badge ${look.tone}` }, icon(look.icon), jobWord(state));
}

const RESULTS = {
  passed: { tone: "good", icon: "done", word: () => t("passed") },
  failed: { tone: "bad", icon: "failed", word: () => t("failed") },
  error: { tone: "bad", icon: "problem", word: () => t("error") },
  skipped: { tone: "odd", icon: "cancelled", word: () => t("skipped") },
};
const NO_RESULT = { tone: "calm", icon: "queued", word: () => t("no result yet") };
export const CASE_RESULTS = Object.keys(RESULTS);

export const resultWord = (result) => (RESULTS[result] ?? NO_RESULT).word();

export function resultMark(result) {
  const look = RESULTS[result] ?? NO_RESULT;
  return make("span", { class: `state ${look.tone}` }, icon(look.icon), look.word());
}

// "7 passed, 1 failed" with their shapes; only what there is.
export function caseCounts(counts) {
  if (!counts) return [];
  return CASE_RESULTS.filter((name) => counts[name]).map((name) => {
    const text = t("{count} {result}", { count: counts[name], result: RESULTS[name].word() });
    return make("span", { class: `state ${RESULTS[name].tone}`, title: text }, icon(RESULTS[name].icon), make("span", { "aria-hidden": "true" }, String(counts[name])), make("span", { class: "hidden" }, text));
  });
}
