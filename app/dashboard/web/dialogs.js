// One question at a time; resolves with the chosen value, null when it is dismissed.

import { icon, make } from "./dom.js";
import { t } from "./words.js";

export function ask({ title, text = [], choices, no = t("Close") }) {
  return new Promise((resolve) => {
    const close = make("button", { type: "button", class: "quiet icon", "aria-label": t("Close") }, icon("close"));
    const dismiss = make("button", { type: "button", autofocus: true }, no);
    const buttons = choices.map(({ value, label, style }) => make("button", { type: "button", class: style, onclick: () => dialog.close(value) }, label));
    const dialog = make(
      "dialog",
      { "aria-labelledby": "ask-title" },
      make(
        "form",
        { method: "dialog" },
        make("header", {}, make("h2", { id: "ask-title" }, title), close),
        ...[text].flat().filter(Boolean).map((line) => make("p", { class: "ask-text" }, line)),
        make("footer", {}, dismiss, ...buttons),
      ),
    );
    for (const button of [close, dismiss]) button.addEventListener("click", () => dialog.close(""));
    dialog.addEventListener("mousedown", (event) => event.target === dialog && dialog.close(""));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue || null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
