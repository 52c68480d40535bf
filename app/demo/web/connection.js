// The page's WebSocket: comes back by itself, answers calls with promises.

import { t } from "./words.js";

const FIRST_DELAY = 0.5; // seconds
const LONGEST_DELAY = 10;
const CALL_LIMIT = 20; // seconds; the platform itself waits 10 s for the agent

export class Refused extends Error {
  constructor(status, text) {
    super(inWords(status, text));
    this.status = status;
  }
}

export class Connection {
  constructor(onMessage, onChange) {
    this.onMessage = onMessage;
    this.onChange = onChange; // ({open, retryAt})
    this.calls = new Map();
    this.number = 0;
    this.delay = FIRST_DELAY;
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  open() {
    clearTimeout(this.timer);
    const address = new URL("socket", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => {
      this.delay = FIRST_DELAY;
      this.onChange({ open: true });
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = () => socket === this.socket && this.lost();
  }

  retry() {
    if (this.socket?.readyState === WebSocket.CLOSED) this.open();
  }

  send(body) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(body));
    return true;
  }

  call(verb, fields = {}) {
    return new Promise((resolve, reject) => {
      const id = ++this.number;
      if (!this.send({ id, do: verb, ...fields })) return reject(new Refused(0, ""));
      const timer = setTimeout(() => this.settle(id, { ok: false, status: 504, error: "" }), CALL_LIMIT * 1000);
      this.calls.set(id, { resolve, reject, timer });
    });
  }

  take(message) {
    if (message.type === "answer") this.settle(message.id, message);
    else this.onMessage(message);
  }

  settle(id, answer) {
    const call = this.calls.get(id);
    if (!call) return;
    clearTimeout(call.timer);
    this.calls.delete(id);
    if (answer.ok) call.resolve(answer.data);
    else call.reject(new Refused(answer.status, answer.error));
  }

  lost() {
    for (const id of [...this.calls.keys()]) this.settle(id, { ok: false, status: 0, error: "" });
    this.onChange({ open: false, retryAt: Date.now() + this.delay * 1000 });
    this.timer = setTimeout(() => this.open(), this.delay * 1000);
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY);
  }
}

function inWords(status, text) {
  if (status === 0) return t("The page has lost the demo. Try again when it is back.");
  if (status === 503) return t("The agent is not connected. Try again when it is online.");
  if (status === 504) return t("The agent did not answer in time. It may be busy; try again.");
  if (status === 429) return t("Too much at once. Wait for the earlier requests.");
  if (status === 500) return t("The agent refused: {why}", { why: text.replace(/^Agent处理失败: /, "") });
  return t("This cannot be done: {why}", { why: text });
}
