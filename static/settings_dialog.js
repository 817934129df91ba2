// The dialog of the reader's settings: each takes effect and is kept at once, but for the name, which is the
// server's to take.

import { put } from "./api.js";
import { wire } from "./dialog.js";
import { change, changeLook, setting } from "./settings.js";

const { dataset: root } = document.documentElement;

export class SettingsDialog {
  #dialog;
  #note;

  // Lifecycle

  constructor(dialog, { signal }) {
    this.#dialog = dialog;
    this.#note = dialog.querySelector("#settings-note");
    wire(dialog, signal);
    dialog.querySelector(".settings__profile").addEventListener("submit", (event) => this.#rename(event), { signal });
    dialog.addEventListener("change", ({ target }) => this.#changed(target), { signal });
  }

  // Actions

  open() {
    this.#note.textContent = "";
    for (const name of ["enter", "sound", "notify"]) this.#field(name).checked = setting(name);
    if (window.Notification?.permission !== "granted") this.#field("notify").checked = false;
    this.#field("name").value = root.userName;
    for (const name of ["theme", "color"]) this.#dialog.querySelector(`[name=${name}][value=${root[name]}]`).checked = true;
    this.#field("rtl").checked = document.documentElement.dir === "rtl";
    this.#dialog.showModal();
  }

  // Private

  #field(name) {
    return this.#dialog.querySelector(`[name="${name}"]`);
  }

  #changed({ name, value, checked }) {
    if (name === "theme" || name === "color") changeLook(name, value);
    else if (name === "rtl") changeLook(name, checked);
    else if (name === "notify") this.#changeNotify(checked);
    else if (name === "enter" || name === "sound") change(name, checked);
  }

  // Browsers ask the reader, once, and only upon a click.
  async #changeNotify(wants) {
    if (wants && !window.Notification) {
      return this.#refuse("This browser has no notifications for pages like this.");
    }
    const answer = wants ? await Notification.requestPermission() : "granted";
    if (answer !== "granted") {
      return this.#refuse("The browser does not allow it: change that in its settings for this page.");
    }
    change("notify", wants);
  }

  #refuse(reason) {
    this.#field("notify").checked = false;
    this.#note.textContent = reason;
  }

  async #rename(event) {
    event.preventDefault();
    try {
      const { name } = await put("/api/users/me", { name: event.target.elements.name.value });
      this.#field("name").value = name;
      this.#note.textContent = "Saved.";
    } catch (error) {
      this.#note.textContent = error.message;
    }
  }
}
