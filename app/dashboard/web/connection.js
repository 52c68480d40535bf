// The page's WebSocket: comes back by itself, answers calls with promises, knows a stale link.

import { t } from "./words.js";

const FIRST_DELAY = 0.5; // seconds
const LONGEST_DELAY = 15;
const CALL_LIMIT = 30; // seconds

// What went wrong and what to do next, both for people.
export class Problem extends Error {
  constructor(cause, next = "") {
    super([cause, next].filter(Boolean).join(" "));
    this.cause = cause;
    this.next = next;
  }
}

export class Connection {
  constructor(onMessage, onChange) {
    this.onMessage = onMessage;
    this.onChange = onChange;
    this.calls = new Map();
    this.number = 0;
    this.delay = FIRST_DELAY;
    this.status = "opening"; // open, lost (tries again at `retryAt`), stale, full
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  // Also closes the connection that there is.
  open() {
    clearTimeout(this.timer);
    const old = this.socket;
    const address = new URL("socket", location.href);
    address.hash = "";
    address.protocol = "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    old?.close();
    socket.onopen = () => {
      this.delay = FIRST_DELAY;
      this.set("open");
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = () => socket === this.socket && this.lost();
  }

  retry() {
    if (this.status === "lost" && this.socket.readyState === WebSocket.CLOSED) this.open();
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  call(ask, fields = {}, limit = CALL_LIMIT) {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) return reject(new Problem(t("The page has lost the agent."), t("Try again when it is back.")));
      const id = ++this.number;
      const timer = setTimeout(() => this.fail(id, new Problem(t("The agent did not answer in time."), t("It may be busy: try again."))), limit * 1000);
      this.calls.set(id, { resolve, reject, timer });
      this.socket.send(JSON.stringify({ id, ask, ...fields }));
    });
  }

  take(message) {
    if (message.type !== "reply") return this.onMessage(message);
    if (message.error) return this.fail(message.id, new Problem(message.error.cause, message.error.next_step));
    this.settled(message.id)?.resolve(message.value);
  }

  fail(id, problem) {
    this.settled(id)?.reject(problem);
  }

  settled(id) {
    const call = this.calls.get(id);
    clearTimeout(call?.timer);
    this.calls.delete(id);
    return call;
  }

  async lost() {
    for (const id of [...this.calls.keys()]) this.fail(id, new Problem(t("The page has lost the agent."), t("Try again when it is back.")));
    this.retryAt = Date.now() + this.delay * 1000;
    this.timer = setTimeout(() => this.open(), this.delay * 1000);
    this.delay = Math.min(this.delay * 2, LONGEST_DELAY);
    this.set("lost");
    if (await isStale()) {
      clearTimeout(this.timer);
      this.set("stale");
    }
  }

  set(status) {
    this.status = status;
    this.onChange(status);
  }
}

// Something answers here, but not to this page's secret: the agent was started anew.
async function isStale() {
  try {
    const answer = await fetch("icon.svg", { cache: "no-store" });
    return answer.status === 404 || answer.status === 403;
  } catch {
    return false; // nobody listens
  }
}
