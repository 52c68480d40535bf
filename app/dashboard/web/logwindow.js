// The part of a log file that the page holds: lines with the place in bytes where each begins.

export const PIECE = 65536; // bytes of one `read`
const MOST_BYTES = 2 * 1024 * 1024;
const MOST_LINES = 100000;
const LONGEST = 4096; // characters; a longer line goes on in the next row
const SEQUENCES = /\x1b\[[0-?]*[ -/]*[@-~]/g; // colours and their like, which words may stand around
const DECODER = new TextDecoder();

export class LogWindow {
  constructor() {
    this.reset(0);
  }

  reset(at) {
    this.lines = []; // {at, raw, low}; low is filled by `searchable`
    this.start = at;
    this.end = at;
    this.size = 0;
    this.broken = true; // the last line has its line end: the next text begins a new one
    this.widest = 0;
  }

  // The following text of the file; at !== end means that the sender knows better.
  append(at, text) {
    if (!this.lines.length) this.start = at;
    if (text === "") return;
    const open = this.broken ? null : this.lines.pop();
    const from = open ? open.at : at;
    this.lines.push(...this.split((open?.raw ?? "") + text, from));
    this.broken = text.endsWith("\n");
    this.end = at + byteLength(text);
    this.size = Math.max(this.size, this.end);
  }

  // The text before the window, up to its start; returns how many rows came on top.
  prepend(at, text) {
    const first = this.lines.length && !text.endsWith("\n") ? this.lines.shift() : null;
    const before = this.lines.length + (first ? 1 : 0);
    const added = this.split(text + (first?.raw ?? ""), at);
    this.lines = added.concat(this.lines);
    this.start = at;
    return this.lines.length - before;
  }

  split(text, at) {
    const found = [];
    const ascii = /^[\x00-\x7f]*$/.test(text);
    const lines = text.split("\n");
    if (lines.at(-1) === "") lines.pop();
    for (const line of lines) {
      for (let from = 0; from === 0 || from < line.length; ) {
        const raw = line.slice(from, cutAt(line, from));
        found.push({ at, raw, low: null });
        this.widest = Math.max(this.widest, columns(raw, ascii));
        at += ascii ? raw.length : byteLength(raw);
        from += raw.length || 1;
      }
      at += 1; // the line end
    }
    return found;
  }

  get tooLarge() {
    return this.end - this.start > MOST_BYTES || this.lines.length > MOST_LINES;
  }

  // Forgets rows at the top until the window is small enough again; returns how many.
  trimHead() {
    let count = Math.max(0, this.lines.length - MOST_LINES);
    while (count < this.lines.length - 1 && this.end - this.lines[count].at > MOST_BYTES) count += 1;
    this.lines.splice(0, count);
    if (this.lines.length) this.start = this.lines[0].at;
    return count;
  }

  trimTail() {
    while (this.lines.length > 1 && this.tooLarge) {
      const count = Math.ceil(this.lines.length / 16);
      [this.end] = this.lines.splice(-count).map((line) => line.at);
      this.broken = true;
    }
  }

  // The row that holds this place of the file.
  rowAt(at) {
    let [low, high] = [0, this.lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lines[middle].at <= at) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

// `plain` would be exact, and too slow for the first keystroke over a whole window.
export function searchable(line) {
  line.low ??= (line.raw.includes("\x1b") ? line.raw.replace(SEQUENCES, "") : line.raw).toLowerCase();
  return line.low;
}

// base64 of a piece → its text and place, without half characters at its ends.
export function decoded({ at, text_base64: base64 }, whole = false) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  let from = 0;
  while (at > 0 && from < Math.min(3, bytes.length) && (bytes[from] & 0xc0) === 0x80) from += 1;
  const to = whole ? bytes.length : fullCharacters(bytes);
  return { at: at + from, text: DECODER.decode(bytes.subarray(from, to)), end: at + to };
}

function fullCharacters(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

export function byteLength(text) {
  let count = text.length;
  for (let place = 0; place < text.length; place += 1) {
    const code = text.charCodeAt(place);
    if (code > 0x7f) count += code > 0x7ff && (code & 0xfc00) !== 0xd800 && (code & 0xfc00) !== 0xdc00 ? 2 : 1;
  }
  return count;
}

// A row does not end in the middle of a surrogate pair.
function cutAt(line, from) {
  const to = from + LONGEST;
  return to < line.length && (line.charCodeAt(to) & 0xfc00) === 0xdc00 ? to - 1 : to;
}

function columns(text, ascii) {
  if (ascii) return text.length;
  let count = 0;
  for (const char of text) count += char.codePointAt(0) > 0x10ff ? 2 : 1;
  return count;
}
