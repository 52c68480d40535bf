// The workspace on the agent's computer: list, open, save, download, delete, upload.

import { $, download, icon, make, setText, toast } from "./dom.js";
import { open, prepare } from "./forms.js";
import { current, size, t } from "./words.js";

const LARGEST_UPLOAD = 5 * 1024 * 1024; // bytes; base64 and JSON make it 7 MiB on the way
const LARGEST_EDIT = 1024 * 1024;

export class FileView {
  constructor(connection, question) {
    this.connection = connection;
    this.question = question;
    this.path = "";
    this.asked = 0;
    this.dialog = $("#file-dialog");
    this.form = $("form", this.dialog);
    prepare(this.dialog, () => this.save());
    $("#reload").addEventListener("click", () => this.show());
    $("#make-folder").addEventListener("click", () => this.askFolder());
    $("#make-file").addEventListener("click", () => this.edit("", ""));
    $("#upload").addEventListener("click", () => $("#upload-file").click());
    $("#upload-file").addEventListener("change", (event) => this.upload(event.target));
  }

  async show(path = this.path) {
    const number = ++this.asked;
    this.showPath();
    try {
      const entries = await this.connection.call("list", { path });
      if (number !== this.asked) return;
      this.path = path;
      this.problem("");
      this.draw(Array.isArray(entries) ? entries : []);
    } catch (error) {
      if (number !== this.asked) return;
      this.problem(error.message);
      $("#no-files").hidden = true;
    }
  }

  problem(text) {
    $("#files-problem").hidden = !text;
    setText($("#files-problem"), text);
  }

  showPath() {
    const steps = this.path.split("/").filter(Boolean);
    const links = steps.map((name, place) => this.step(name, steps.slice(0, place + 1).join("/")));
    const between = links.flatMap((link) => [make("i", { "aria-hidden": "true" }, "/"), link]);
    $("#path").replaceChildren(this.step(t("Workspace root"), ""), ...between);
  }

  draw(entries) {
    this.showPath();
    $("#files tbody").replaceChildren(...entries.map((entry) => this.row(entry)));
    const note = $("#no-files");
    note.dataset.t = "This folder is empty.";
    setText(note, t(note.dataset.t));
    note.hidden = entries.length > 0;
    $("#files").hidden = entries.length === 0;
  }

  step(name, path) {
    return make("button", { type: "button", onclick: () => this.show(path) }, name);
  }

  row(entry) {
    const folder = entry.type === "directory";
    const path = this.inside(entry.name);
    const act = () => (folder ? this.show(path) : this.read(path, entry));
    return make(
      "tr",
      {},
      make("td", {}, make("button", { type: "button", class: `open ${folder ? "directory" : ""}`, onclick: act }, icon(folder ? "folder" : "file"), make("span", { class: "mono" }, entry.name))),
      make("td", { class: "number" }, folder ? "" : size(entry.size ?? 0)),
      make("td", { class: "date" }, moment(entry.modified)),
      make(
        "td",
        { class: "actions" },
        folder ? null : this.button("down", t("Download {name}", { name: entry.name }), () => this.fetch(path, entry.name)),
        this.button("bin", t("Delete {name}", { name: entry.name }), () => this.askDelete(path, entry.name, folder)),
      ),
    );
  }

  button(name, label, act) {
    return make("button", { type: "button", class: "quiet icon", "aria-label": label, title: label, onclick: act }, icon(name));
  }

  inside(name) {
    return this.path ? `${this.path}/${name}` : name;
  }

  async read(path, entry) {
    if (entry.size > LARGEST_EDIT) return toast(t("{name} is too large to be edited here: it can be downloaded.", { name: entry.name }), true);
    await this.attempt(async () => {
      const file = await this.connection.call("read", { path });
      if (file.encoding === "base64") toast(t("{name} is no text: it can be downloaded.", { name: entry.name }), true);
      else this.edit(path, file.content);
    });
  }

  async fetch(path, name) {
    await this.attempt(async () => {
      const file = await this.connection.call("read", { path });
      download(name, [file.encoding === "base64" ? bytes(file.content) : file.content], "application/octet-stream");
    });
  }

  edit(path, content) {
    const { form } = this;
    this.editing = path;
    setText($("h2", form), path ? path.split("/").at(-1) : t("New file"));
    $(".file-name", form).hidden = Boolean(path);
    form.name_.required = !path;
    form.name_.value = "";
    form.content.value = content;
    open(this.dialog);
    (path ? form.content : form.name_).focus();
    form.content.setSelectionRange(0, 0);
  }

  async save() {
    const { form } = this;
    const path = this.editing || this.inside(form.name_.value.trim());
    await this.connection.call("write", { path, content: form.content.value });
    toast(t("Saved {name}.", { name: path.split("/").at(-1) }));
    await this.show();
  }

  askFolder() {
    this.question.ask({
      title: t("New folder"),
      field: t("Name of the new folder"),
      button: t("Create"),
      act: async (name) => {
        await this.connection.call("mkdir", { path: this.inside(name) });
        await this.show();
      },
    });
  }

  askDelete(path, name, folder) {
    this.question.ask({
      title: t("Delete “{name}”?", { name }),
      text: t(folder ? "The folder and all that is in it will be gone." : "The file will be gone."),
      button: t("Delete"),
      danger: true,
      act: async () => {
        await this.connection.call("delete", { path });
        toast(t("Deleted {name}.", { name }));
        await this.show();
      },
    });
  }

  async upload(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    if (file.size > LARGEST_UPLOAD) return toast(t("{name} is too large to be sent from here (limit {limit}).", { name: file.name, limit: size(LARGEST_UPLOAD) }), true);
    await this.attempt(async () => {
      const content = base64(new Uint8Array(await file.arrayBuffer()));
      await this.connection.call("write", { path: this.inside(file.name), content, is_base64: true });
      toast(t("Saved {name}.", { name: file.name }));
      await this.show();
    });
  }

  async attempt(work) {
    try {
      await work();
    } catch (error) {
      toast(error.message, true);
    }
  }
}

function moment(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString(current() === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short" });
}

function bytes(text) {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function base64(data) {
  let text = "";
  for (let at = 0; at < data.length; at += 0x8000) text += String.fromCharCode(...data.subarray(at, at + 0x8000));
  return btoa(text);
}
