// Finds a conversation or a person by a few letters: type, arrow, Enter.

import { part } from "./api.js";
import { wire, whenTyped } from "./dialog.js";
import { parse } from "./fragment.js";
import { dressPresence } from "./presence.js";

export class Switcher {
  #dialog;
  #query;
  #found;
  #note;
  #navigation;
  #search = new AbortController();

  // Lifecycle

  constructor(dialog, { navigation, signal }) {
    this.#dialog = dialog;
    this.#navigation = navigation;
    const part = (name) => dialog.querySelector(`.switcher__${name}`);
    [this.#query, this.#found, this.#note] = ["query", "found", "note"].map(part);
    wire(dialog, signal);
    whenTyped(this.#query, (query) => this.#find(query), signal);
    this.#query.addEventListener("keydown", (event) => this.#keydown(event), { signal });
    this.#found.addEventListener("click", ({ target }) => this.#take(target.closest("[role=option]")), { signal });
    dialog.querySelector("form").addEventListener("submit", (event) => event.preventDefault(), { signal });
    dialog.addEventListener("close", () => this.#search.abort(), { signal });
  }

  // Actions

  open() {
    if (this.#dialog.open) return this.#dialog.close();
    this.#query.value = "";
    this.#dialog.showModal();
    this.#find("");
  }

  // Private

  async #find(query) {
    this.#search.abort();
    this.#search = new AbortController();
    const { signal } = this.#search;
    try {
      const found = parse(await part(`/found?${new URLSearchParams({ q: query })}`, { signal }));
      if (signal.aborted) return;
      this.#found.replaceChildren(...found.children);
      dressPresence(this.#found);
      this.#choose(this.#found.firstElementChild);
      this.#note.textContent = this.#found.childElementCount ? "" : "Nothing of that name.";
    } catch (error) {
      if (!signal.aborted) this.#note.textContent = error.message;
    }
  }

  #keydown(event) {
    const chosen = this.#found.querySelector("[aria-selected=true]");
    const { firstElementChild: first, lastElementChild: last } = this.#found;
    if (event.key === "ArrowDown") this.#choose(chosen?.nextElementSibling ?? first);
    else if (event.key === "ArrowUp") this.#choose(chosen?.previousElementSibling ?? last);
    else if (event.key === "Enter" && !event.isComposing) this.#take(chosen);
    else return;
    event.preventDefault();
  }

  #choose(option) {
    for (const other of this.#found.children) other.ariaSelected = String(other === option);
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.#query.setAttribute("aria-activedescendant", option.id);
    else this.#query.removeAttribute("aria-activedescendant");
  }

  #take(option) {
    if (!option) return;
    this.#dialog.close();
    this.#navigation.go(option.dataset.href);
  }
}
