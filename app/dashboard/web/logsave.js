// Saves a whole log as a file: fetched in pieces, handed to the browser in large parts.

import { download, make, setText, toast } from "./dom.js";
import { PIECE } from "./logwindow.js";
import { button } from "./parts.js";
import { number, t } from "./words.js";

const AT_ONCE = 4; // pieces on the way
const PART = 16 * 1024 * 1024; // bytes that become one Blob, which the browser may put on disk

export class LogSave {
  constructor(view) {
    this.view = view;
    this.node = button(t("Save the log as a file"), () => this.save(), { name: "down" });
    this.said = make("span", { role: "status" });
    this.progress = make("p", { class: "notice saving", hidden: true }, this.said, button(t("Stop"), () => this.stop(), { style: "quiet" }));
    this.number = 0;
  }

  stop() {
    this.number += 1;
    this.progress.hidden = true;
  }

  async save() {
    const mine = ++this.number;
    const { key, name } = this.view;
    const parts = [];
    let fresh = [];
    let bytes = 0;
    for await (const piece of this.pieces(key, mine)) {
      fresh.push(piece.bytes);
      bytes += piece.bytes.length;
      if (bytes >= PART) {
        parts.push(new Blob(fresh));
        fresh = [];
        bytes = 0;
      }
      this.tell(piece.at, piece.size);
    }
    if (mine !== this.number) return;
    this.progress.hidden = true;
    download(name, [...parts, ...fresh], "text/plain");
    toast(t("Saved {name}.", { name }));
  }

  // The file up to its size at the first answer, in order.
  async *pieces(key, mine) {
    const ask = (at, length = PIECE) => this.view.connection.call("read", { key, at, length });
    try {
      const first = await ask(0);
      yield unpacked(first);
      for (let at = PIECE; at < first.size; at += AT_ONCE * PIECE) {
        const starts = [...Array(AT_ONCE).keys()].map((place) => at + place * PIECE).filter((start) => start < first.size);
        const answers = await Promise.all(starts.map((start) => ask(start, Math.min(PIECE, first.size - start))));
        if (mine !== this.number) return;
        yield* answers.map(unpacked);
      }
    } finally {
      if (mine === this.number) this.progress.hidden = true;
    }
  }

  tell(at, size) {
    this.progress.hidden = false;
    setText(this.said, t("Fetching the log: {percent} %", { percent: number(Math.floor((at / size) * 100)) }));
  }
}

function unpacked({ at, text_base64: base64, size }) {
  return { at, size, bytes: Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)) };
}
