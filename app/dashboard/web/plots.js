// CPU, memory, disk and network over the last 15 minutes, drawn small.

import { draw, make, setText } from "./dom.js";
import { show } from "./parts.js";
import { clock, now, number, size, t } from "./words.js";

const SPAN = 900; // seconds
const WIDE = 300; // the drawing's own units
const HIGH = 60;
const GAP = 90; // seconds without a sample from which the curve is interrupted
const percent = (value) => t("{value} %", { value: number(Math.round(value)) });
const rate = (value) => t("{size}/s", { size: size(value) });

const PLOTS = [
  { name: "cpu", title: () => t("Processor"), curves: [1], text: percent },
  { name: "memory", title: () => t("Memory"), curves: [2], text: percent },
  { name: "disk", title: () => t("Disk"), curves: [3], text: percent },
  { name: "net", title: () => t("Network"), curves: [4, 5], text: rate, names: () => [t("received"), t("sent")] },
];

export class Plots {
  constructor() {
    this.samples = []; // [at, cpu, memory, disk, received, sent]
    this.plots = PLOTS.map((plot) => this.build(plot));
    this.node = make("div", { class: "plots" }, ...this.plots.map((plot) => plot.node));
    this.cursor = null; // place in samples that the pointer or the arrow keys are at
  }

  build(plot) {
    const value = make("div", { class: "value" });
    const time = make("span", { class: "at" });
    const canvas = draw("svg", { class: "plot", viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const ceiling = make("span", { class: "ceiling" });
    const hair = make("i", { class: "hair", hidden: true });
    const field = make("div", { class: "canvas" }, canvas, ceiling, hair);
    const scale = make("div", { class: "scale", "aria-hidden": "true" }, make("span", {}, t("15 min ago")), make("span", {}, t("now")));
    const node = make("div", { class: "figure", "data-plot": plot.name, role: "img", tabindex: "0" }, make("div", { class: "caption" }, make("span", {}, plot.title()), time), value, field, scale);
    field.addEventListener("pointermove", (event) => this.point(event, field));
    field.addEventListener("pointerleave", () => this.move(null));
    node.addEventListener("blur", () => this.move(null));
    node.addEventListener("keydown", (event) => this.key(event));
    return { ...plot, node, value, time, canvas, ceiling, hair };
  }

  add(samples) {
    const last = this.samples.at(-1)?.[0] ?? 0;
    this.samples.push(...samples.filter(([at]) => at > last));
    this.refresh();
  }

  reset() {
    this.samples = [];
  }

  refresh() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  paint() {
    const end = now();
    const old = this.samples.findIndex(([at]) => at >= end - SPAN);
    if (old > 0) this.samples.splice(0, old);
    if (old < 0) this.samples = [];
    for (const plot of this.plots) this.curve(plot, end);
    this.read();
  }

  curve(plot, end) {
    const ceiling = plot.text === percent ? 100 : round(Math.max(1024, ...plot.curves.flatMap((curve) => this.samples.map((sample) => sample[curve] ?? 0))));
    const x = (at) => ((at - end + SPAN) / SPAN) * WIDE;
    const y = (value) => HIGH - 1 - (Math.min(value, ceiling) / ceiling) * (HIGH - 3);
    const drawn = plot.curves.flatMap((curve, place) =>
      pieces(this.samples, curve).flatMap((points) => {
        const path = points.map(([at, value]) => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
        const from = x(points[0][0]).toFixed(1);
        const to = x(points.at(-1)[0]).toFixed(1);
        const area = place ? [] : [draw("path", { class: "area", d: `M${from} ${HIGH}L${path}L${to} ${HIGH}Z` })];
        return [...area, draw("path", { class: `curve n${place}`, d: `M${path}` })];
      }),
    );
    const half = draw("path", { class: "grid", d: `M0 ${HIGH / 2}H${WIDE}` });
    plot.canvas.replaceChildren(half, ...drawn);
    setText(plot.ceiling, plot.text(ceiling));
    plot.node.setAttribute("aria-label", this.inWords(plot));
  }

  inWords(plot) {
    const texts = plot.curves.map((curve, place) => {
      const values = this.samples.map((sample) => sample[curve]).filter(Number.isFinite);
      const name = plot.names ? t("{plot} {curve}", { plot: plot.title(), curve: plot.names()[place] }) : plot.title();
      if (!values.length) return t("{name}: no values yet", { name });
      const [least, most] = [Math.min(...values), Math.max(...values)];
      return t("{name}: {value} now, between {least} and {most} in the last 15 minutes", { name, value: plot.text(values.at(-1)), least: plot.text(least), most: plot.text(most) });
    });
    return texts.join("; ");
  }

  point(event, field) {
    const box = field.getBoundingClientRect();
    const at = now() - SPAN + ((event.clientX - box.left) / box.width) * SPAN;
    let best = null;
    this.samples.forEach((sample, place) => {
      if (best === null || Math.abs(sample[0] - at) < Math.abs(this.samples[best][0] - at)) best = place;
    });
    this.move(best);
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !this.samples.length) return;
    event.preventDefault();
    this.move(Math.max(0, Math.min(this.samples.length - 1, (this.cursor ?? this.samples.length) + step)));
  }

  move(place) {
    this.cursor = place;
    this.read();
  }

  // The value at the cursor, of the present without one.
  read() {
    const sample = this.samples[this.cursor] ?? this.samples.at(-1);
    const pointed = this.cursor !== null && sample;
    for (const plot of this.plots) {
      const texts = plot.curves.map((curve, place) => `${plot.names ? ["↓ ", "↑ "][place] : ""}${Number.isFinite(sample?.[curve]) ? plot.text(sample[curve]) : "–"}`);
      setText(plot.time, pointed ? clock(sample[0]) : "");
      show(plot.value, texts, () => texts.map((text) => make("span", {}, text)));
      plot.hair.hidden = !pointed;
      if (pointed) plot.hair.style.left = `${((sample[0] - now() + SPAN) / SPAN) * 100}%`;
    }
  }
}

// The runs of samples that have a value, without a long silence in them.
function pieces(samples, curve) {
  const found = [];
  let before = -Infinity;
  for (const sample of samples) {
    if (!Number.isFinite(sample[curve])) {
      before = -Infinity;
      continue;
    }
    if (sample[0] - before > GAP) found.push([]);
    found.at(-1).push([sample[0], sample[curve]]);
    before = sample[0];
  }
  return found;
}

// The next 1, 2 or 5 of a power of 1024 and ten, so that the scale does not tremble.
function round(value) {
  const unit = 1024 ** Math.floor(Math.log(value) / Math.log(1024));
  const ten = 10 ** Math.floor(Math.log10(value / unit));
  return [1, 2, 5, 10].map((step) => step * ten * unit).find((ceiling) => ceiling >= value) ?? value;
}
