// Parts that several views are made of.

import { icon, make, setText, toast } from "./dom.js";

export function card(title, ...children) {
  const id = `title-${++card.count}`;
  const head = make("header", {}, make("h2", { id }, title));
  const node = make("section", { class: "card", "aria-labelledby": id }, head, ...children);
  node.head = head;
  return node;
}
card.count = 0;

export function button(label, act, { style = "", name = "", hint = "" } = {}) {
  const labelled = name ? { "aria-label": label, title: label } : {};
  const node = make("button", { type: "button", class: `${style} ${name && "icon"}`.trim(), title: hint || undefined, ...labelled });
  node.append(name ? icon(name) : label);
  node.addEventListener("click", () => during(node, act));
  return node;
}

// The button rests until its work is done; what goes wrong is told in a toast.
export async function during(node, act) {
  if (node.getAttribute("aria-disabled") === "true") return;
  node.setAttribute("aria-disabled", "true"); // `disabled` would take the focus away
  try {
    await act();
  } catch (problem) {
    toast(problem.message, true);
  } finally {
    node.removeAttribute("aria-disabled");
  }
}

export function link(text, hash, attributes = {}) {
  return make("a", { href: hash, ...attributes }, text);
}

export function notice(bad = false) {
  return make("p", { class: `notice ${bad ? "bad" : ""}`.trim(), role: bad ? "alert" : "status", hidden: true });
}

export function tell(node, text) {
  node.hidden = !text;
  setText(node, text ?? "");
}

// A long path or address with places where its line may end.
export function breakable(text) {
  return text.split(/(?<=[/\\])/).flatMap((part, place) => (place ? [make("wbr"), part] : [part]));
}

// A translated text with a node in the place of its {…}.
export function around(text, node) {
  const [before, after] = text.split(/\{\w+\}/);
  return [before, node, after];
}

// Rows of [name, value] where a value is a text or nodes; a row without a value is left out.
export function facts(rows) {
  const shown = rows.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return shown.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, ...[value].flat())]);
}

// One node per key, kept over refreshes, so that focus, hover and selection stay.
export function keep(list, items, keyOf, build, paint) {
  const known = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const wanted = items.map((item) => {
    const key = String(keyOf(item));
    const node = known.get(key) ?? build(item);
    node.dataset.key = key;
    paint(node, item);
    return node;
  });
  for (const node of [...list.children]) if (!wanted.includes(node)) node.remove();
  wanted.forEach((node, place) => list.children[place] !== node && list.insertBefore(node, list.children[place] ?? null));
}

// Replaces the children only when what they show has changed.
export function show(node, mark, build) {
  const text = JSON.stringify(mark);
  if (node.shown === text) return;
  node.shown = text;
  node.replaceChildren(...[build()].flat());
}
