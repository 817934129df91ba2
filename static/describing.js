// What a picture that is attached shows, for who does not see it: one field below the tray, for one picture at a time.

import { tr } from "./words.js";

export class Describing {
  #tray;
  #field;
  #item = null;
  #done;

  // Lifecycle

  constructor(tray, { signal, done }) {
    this.#tray = tray;
    this.#done = done;
    this.#field = tray.querySelector(".tray__field");
    this.#field.addEventListener("input", () => this.#write(), { signal });
    this.#field.addEventListener("keydown", (event) => this.#keydown(event), { signal });
    tray.querySelector(".tray__done").addEventListener("click", () => this.close(), { signal });
  }

  // Actions

  toggle(item) {
    if (this.#item === item) return this.close();
    if (this.#item) this.#item.row.querySelector(".tray__describe").ariaExpanded = "false";
    this.#item = item;
    this.#field.value = item.alt ?? "";
    this.#place.hidden = false;
    this.#place.querySelector(".tray__question").textContent = tr("What does {name} show?", item.file);
    this.#mark();
    this.#field.focus();
  }

  // Its picture may be gone.
  close() {
    const item = this.#item;
    if (!item) return;
    this.#item = null;
    this.#place.hidden = true;
    item.row.querySelector(".tray__describe").ariaExpanded = "false";
    if (item.row.isConnected) item.row.querySelector(".tray__describe").focus();
    this.#done();
  }

  isAbout(item) {
    return this.#item === item;
  }

  // Private

  get #place() {
    return this.#tray.querySelector(".tray__describing");
  }

  #write() {
    this.#item.alt = this.#field.value.trim();
    this.#mark();
  }

  #mark() {
    const { row, alt } = this.#item;
    row.classList.toggle("tray__item--described", Boolean(alt));
    row.querySelector(".tray__describe").ariaExpanded = "true";
  }

  // Enter is for this field: the message is not sent by it.
  #keydown(event) {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }
}
