// The dialog of the reader's settings: each takes effect and is kept at once, but for what others are shown of the
// reader, which is the server's to take.

import { get, part, put } from "./api.js";
import { wire } from "./dialog.js";
import { parse } from "./fragment.js";
import { change, changeLook, setting } from "./settings.js";
import { loadStylesheet } from "./stylesheet.js";
import { tr } from "./words.js";

const { dataset: root } = document.documentElement;

export class SettingsDialog {
  #dialog;
  #profile;
  #note;
  #username = null;

  // Lifecycle

  constructor(dialog, { signal }) {
    this.#dialog = dialog;
    this.#note = dialog.querySelector("#settings-note");
    wire(dialog, signal);
    this.#profile = dialog.querySelector(".settings__profile");
    this.#profile.addEventListener("submit", (event) => this.#save(event), { signal });
    dialog.querySelector(".settings__portrait").addEventListener("click", () => this.#choosePortrait(), { signal });
    loadStylesheet("profile.css").catch(({ message }) => console.warn(message));
    this.#blocks.addEventListener("click", ({ target }) => this.#unblock(target), { signal });
    dialog.addEventListener("change", ({ target }) => this.#changed(target), { signal });
  }

  // Actions

  open() {
    this.#note.textContent = "";
    for (const name of ["enter", "sound", "notify"]) this.#field(name).checked = setting(name);
    if (window.Notification?.permission !== "granted") this.#field("notify").checked = false;
    this.#field("name").value = root.userName;
    this.#fill();
    for (const name of ["theme", "color"]) this.#dialog.querySelector(`[name=${name}][value=${root[name]}]`).checked = true;
    this.#field("rtl").checked = document.documentElement.dir === "rtl";
    // In a frame the page around may have chosen.
    this.#field("language").disabled = new URLSearchParams(location.search).get("lang") === document.documentElement.lang;
    this.#dialog.showModal();
    this.#showBlocks().catch((error) => console.warn("Whom the reader blocks is not shown", error));
    this.#showAccount().catch((error) => console.warn("Where the reader is logged in is not shown", error));
  }

  // Private

  get #blocks() {
    return this.#dialog.querySelector(".settings__blocks");
  }

  async #showBlocks() {
    await loadStylesheet("room.css");
    const list = parse(await part("/blocks"));
    this.#blocks.querySelector("ul")?.remove();
    this.#blocks.append(list);
    this.#blocks.hidden = list.childElementCount === 0;
  }

  async #showAccount() {
    const { showAccount } = await import("./account.js");
    await showAccount(this.#dialog.querySelector(".settings__account"));
  }

  async #unblock(target) {
    const { unblock } = target.closest("[data-unblock]")?.dataset ?? {};
    if (!unblock) return;
    const { setBlocked } = await import("./block.js");
    if (await setBlocked(unblock, false)) await this.#showBlocks();
    this.#dialog.querySelector(".dialog__close").focus();
  }

  #field(name) {
    return this.#dialog.querySelector(`[name="${name}"]`);
  }

  #changed({ name, value, checked }) {
    if (name === "theme" || name === "color") changeLook(name, value);
    else if (name === "language") this.#speak(value);
    else if (name === "rtl") changeLook(name, checked);
    else if (name === "notify") this.#changeNotify(checked);
    else if (name === "enter" || name === "sound") change(name, checked);
  }

  // The server renders the whole page in it.
  #speak(language) {
    changeLook("language", language);
    location.reload();
  }

  // Browsers ask the reader, once, and only upon a click.
  async #changeNotify(wants) {
    if (wants && !window.Notification) {
      return this.#refuse(tr("This browser has no notifications for pages like this."));
    }
    const answer = wants ? await Notification.requestPermission() : "granted";
    if (answer !== "granted") {
      return this.#refuse(tr("The browser does not allow it: change that in its settings for this page."));
    }
    change("notify", wants);
  }

  #refuse(reason) {
    this.#field("notify").checked = false;
    this.#note.textContent = reason;
  }

  // What the page does not bear.
  async #fill() {
    try {
      this.#show(await get("/api/users/me"));
    } catch (error) {
      this.#note.textContent = error.message;
    }
  }

  #show({ name, username, status_text: status, about }) {
    this.#username = username;
    const said = { name, username: username ?? "", status_text: status ?? "", about: about ?? "" };
    for (const field in said) this.#profile.elements[field].value = said[field];
  }

  async #save(event) {
    event.preventDefault();
    this.#note.textContent = "";
    const { name, username, status_text: status, about } = this.#profile.elements;
    const changes = { name: name.value, status_text: status.value, about: about.value };
    // Once had, a username can be changed, and not be none again.
    if (username.value || this.#username) changes.username = username.value;
    try {
      this.#show(await put("/api/users/me", changes));
      this.#note.textContent = tr("Saved.");
    } catch (error) {
      this.#note.textContent = error.message;
    }
  }

  async #choosePortrait() {
    const { choosePortrait } = await import("./portrait.js");
    choosePortrait({ path: "/api/users/me/avatar", face: this.#profile.querySelector(".avatar") })
      .catch(({ message }) => this.#note.textContent = message);
  }
}
