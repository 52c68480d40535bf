// A line with ANSI escapes → spans. Colours and weight are kept, everything else is dropped.

const ESCAPES = /\x1b(?:\[([0-9;:?<=>]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])/g;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const PLAIN = { fore: null, back: null, bold: false, dim: false, italic: false, under: false };

// A progress bar writes its line over and over: what a terminal would show is the last of them.
function lastPass(text) {
  const trimmed = text.replace(/\r+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("\r") + 1);
}

// Returns [{text, style}]; style is null for plain text.
export function parts(raw) {
  if (!/[\x00-\x1f\x7f-\x9f]/.test(raw)) return [{ text: raw, style: null }];
  const line = lastPass(raw);
  const found = [];
  let style = { ...PLAIN };
  let from = 0;
  const add = (to) => {
    const text = line.slice(from, to).replace(CONTROLS, (char) => (char === "\t" ? char : ""));
    if (text) found.push({ text, style: isPlain(style) ? null : style });
  };
  for (const escape of line.matchAll(ESCAPES)) {
    add(escape.index);
    from = escape.index + escape[0].length;
    if (escape[2] === "m") style = styled(style, escape[1]);
  }
  add(line.length);
  return found;
}

export const plain = (raw) => parts(raw).map((part) => part.text).join("");

export function span(part) {
  if (!part.style) return document.createTextNode(part.text);
  const node = document.createElement("span");
  const { fore, back, bold, dim, italic, under } = part.style;
  node.textContent = part.text;
  for (const [on, name] of [[bold, "a-bold"], [dim, "a-dim"], [italic, "a-italic"], [under, "a-under"]]) {
    if (on) node.classList.add(name);
  }
  if (typeof fore === "number") node.classList.add(`c${fore}`);
  else if (fore) node.style.color = fore;
  if (typeof back === "number") node.classList.add(`b${back % 8}`);
  else if (back) node.style.backgroundColor = back;
  return node;
}

const isPlain = (style) => Object.keys(PLAIN).every((name) => style[name] === PLAIN[name]);

function styled(before, codes) {
  const style = { ...before };
  const queue = codes.split(/[;:]/).map(Number);
  while (queue.length) apply(style, queue.shift(), queue);
  return style;
}

function apply(style, code, queue) {
  if (code === 0) Object.assign(style, PLAIN);
  else if (code === 1) style.bold = true;
  else if (code === 2) style.dim = true;
  else if (code === 3) style.italic = true;
  else if (code === 4) style.under = true;
  else if (code === 22) style.bold = style.dim = false;
  else if (code === 23) style.italic = false;
  else if (code === 24) style.under = false;
  else if (code >= 30 && code <= 37) style.fore = code - 30;
  else if (code >= 90 && code <= 97) style.fore = code - 82;
  else if (code === 38) style.fore = extended(queue);
  else if (code === 39) style.fore = null;
  else if (code >= 40 && code <= 47) style.back = code - 40;
  else if (code >= 100 && code <= 107) style.back = code - 100;
  else if (code === 48) style.back = extended(queue);
  else if (code === 49) style.back = null;
}

function extended(queue) {
  const kind = queue.shift();
  if (kind === 2) return `rgb(${queue.splice(0, 3).map((value) => Math.min(255, value || 0)).join(",")})`;
  if (kind !== 5) return null;
  const number = queue.shift() || 0;
  if (number < 16) return number;
  if (number > 231) return `rgb(${Array(3).fill(8 + (Math.min(number, 255) - 232) * 10).join(",")})`;
  const cube = (value) => (value ? 55 + value * 40 : 0);
  const rest = number - 16;
  return `rgb(${cube(Math.floor(rest / 36))},${cube(Math.floor(rest / 6) % 6)},${cube(rest % 6)})`;
}
