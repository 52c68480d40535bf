// "Connect this computer": address and token, checked live, saved only when they work.

import { icon, make, toast } from "./dom.js";
import { card, during, notice, tell } from "./parts.js";
import { t } from "./words.js";

const COMMAND = /(^|\s)--?\w|[?&]token=/; // the platform's start command, or an address with its token
const PAUSE = 200; // ms after a paste until the command is read
const LIMIT = 90; // seconds; a firewall may let a connection hang for long

export class Connect {
  constructor(desk) {
    this.desk = desk;
    this.fields = {
      server_url: input("server-url", { inputmode: "url", placeholder: "ws://192.168.1.10:8000/ws/agent", autocomplete: "off" }),
      token: input("token", { type: "password", autocomplete: "off" }),
      work_dir: input("work-dir", { autocomplete: "off" }),
    };
    this.errors = {};
    this.why = notice();
    this.result = notice();
    this.node = make("div", { class: "narrow" }, (this.card = card(t("Connect this computer"), this.why, this.form())));
    for (const node of Object.values(this.fields)) node.addEventListener("input", () => this.changed());
    this.fields.server_url.addEventListener("input", () => this.typed());
    this.fields.server_url.addEventListener("paste", (event) => this.pasted(event));
  }

  title() {
    return t("Connect this computer");
  }

  form() {
    const { server_url: address, token, work_dir: folder } = this.fields;
    this.eye = make("button", { type: "button", class: "icon", "aria-label": t("Show the token"), title: t("Show the token"), "aria-pressed": "false", onclick: () => this.reveal() }, icon("eye"));
    this.more = make("details", {}, make("summary", {}, t("More")), this.field("work_dir", t("Work folder"), folder, t("Where jobs run and logs are kept. Empty: the agent chooses.")));
    this.check = make("button", { type: "submit" }, t("Check"));
    this.save = make("button", { type: "button", class: "primary", disabled: true, onclick: () => during(this.save, () => this.send("save")) }, t("Save"));
    const form = make(
      "form",
      { novalidate: true, class: "connect" },
      this.field("server_url", t("Server address"), address, t("From the platform's page of this environment. Its whole start command may be pasted here, too.")),
      this.field("token", t("Token"), make("div", { class: "with-button" }, token, this.eye), t("Kept where only you can read it, and never shown again.")),
      this.more,
      this.result,
      make("div", { class: "row actions" }, this.check, this.save),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      during(this.check, () => this.send("check"));
    });
    return form;
  }

  field(name, label, control, hint) {
    const node = this.fields[name];
    this.errors[name] = make("p", { class: "field-problem", id: `${node.id}-problem`, role: "alert", hidden: true });
    const note = make("p", { class: "muted small", id: `${node.id}-hint` }, hint);
    node.setAttribute("aria-describedby", `${node.id}-hint ${node.id}-problem`);
    return make("div", { class: "entry" }, make("label", { for: node.id }, label), control, note, this.errors[name]);
  }

  enter() {
    const { snapshot } = this.desk;
    const { server_url: address, token, work_dir: folder } = this.fields;
    if (!address.value) address.value = snapshot?.server_url ?? "";
    folder.placeholder = snapshot?.work_dir ?? "";
    (address.value ? token : address).focus();
  }

  leave() {
    this.fields.token.value = ""; // does not stay in a page that nobody looks at
    this.changed();
  }

  take(snapshot) {
    this.why.classList.toggle("bad", snapshot.link === "rejected");
    if (!snapshot.set_up) tell(this.why, t("This computer is not connected to a platform yet."));
    else if (snapshot.link === "rejected") tell(this.why, t("The platform refused the token. Copy the environment's current one there and paste it here."));
    else tell(this.why, "");
  }

  reveal() {
    const shown = this.fields.token.type === "password";
    this.fields.token.type = shown ? "text" : "password";
    this.eye.setAttribute("aria-pressed", String(shown));
  }

  changed() {
    this.save.disabled = true;
    this.check.classList.remove("done");
    tell(this.result, "");
    for (const name of Object.keys(this.fields)) this.complain(name, "");
  }

  complain(name, text) {
    this.fields[name].setAttribute("aria-invalid", String(Boolean(text)));
    tell(this.errors[name], text);
  }

  typed() {
    clearTimeout(this.timer);
    if (COMMAND.test(this.fields.server_url.value)) this.timer = setTimeout(() => during(this.check, () => this.parse()), PAUSE);
  }

  // A command of several lines is read as it is: the field would join its lines.
  pasted(event) {
    const text = event.clipboardData.getData("text/plain");
    if (!COMMAND.test(text)) return;
    event.preventDefault();
    this.fields.server_url.value = text;
    this.changed();
    during(this.check, () => this.parse(text));
  }

  async parse(text = this.fields.server_url.value) {
    clearTimeout(this.timer);
    if (!COMMAND.test(text)) return true;
    const shown = this.fields.server_url.value;
    const found = await this.desk.connection.call("parse_command", { text });
    if (this.fields.server_url.value !== shown) return false;
    if (!found.server_url) {
      this.complain("server_url", t("No address was found in this text. Paste the address, or the whole start command."));
      return false;
    }
    for (const [name, node] of Object.entries(this.fields)) if (found[name]) node.value = found[name];
    if (found.work_dir) this.more.open = true;
    this.changed();
    tell(this.result, t("Filled in from the start command."));
    return true;
  }

  missing() {
    const { server_url: address, token } = this.fields;
    if (!address.value.trim()) return ["server_url", t("The address is missing. Copy it from the platform's page of this environment.")];
    if (!token.value.trim()) return ["token", t("The token is missing. Copy it from the platform's page of this environment.")];
    return null;
  }

  async send(ask) {
    if (!(await this.parse())) return;
    this.changed();
    const lack = this.missing();
    if (lack) return this.point(...lack);
    const values = Object.fromEntries(Object.entries(this.fields).map(([name, node]) => [name, node.value.trim()]));
    this.result.classList.remove("good", "bad");
    tell(this.result, ask === "check" ? t("Asking the platform…") : t("Saving…"));
    try {
      const answer = await this.desk.connection.call(ask, values, LIMIT);
      if (this.unlike(values)) return tell(this.result, "");
      this.answered(ask, answer);
    } catch (problem) {
      this.result.classList.add("bad");
      tell(this.result, problem.message);
    }
  }

  // The user has gone on typing: the answer is about something else.
  unlike(values) {
    return Object.entries(this.fields).some(([name, node]) => node.value.trim() !== values[name]);
  }

  answered(ask, { problem, environment, warnings }) {
    if (problem) {
      tell(this.result, "");
      return this.point(problem.field, [problem.cause, problem.next_step].filter(Boolean).join(" "));
    }
    if (ask === "save") {
      toast(t("Saved: this computer is “{name}” on the platform.", { name: environment }));
      this.desk.go("");
      return;
    }
    this.result.classList.add("good");
    tell(this.result, [t("It works: the platform knows this computer as “{name}”.", { name: environment }), ...(warnings ?? [])].join("\n"));
    this.save.disabled = false;
    this.save.focus();
  }

  point(name, text) {
    const known = this.fields[name] ? name : "server_url";
    if (known === "work_dir") this.more.open = true;
    this.complain(known, text);
    this.fields[known].focus();
  }
}

function input(id, attributes) {
  return make("input", { id, class: "mono", spellcheck: "false", autocapitalize: "off", ...attributes });
}
