// Finds a conversation or a person by a few letters, and messages by their words: type, arrow, Enter.

import { part } from "./api.js";
import { wire, whenTyped } from "./dialog.js";
import { parse } from "./fragment.js";
import { dressPresence } from "./presence.js";
import { tr } from "./words.js";

const SAID_LETTERS_MIN = 2; // With fewer, almost everything was said.

export class Switcher {
  #dialog;
  #query;
  #found;
  #note;
  #navigation;
  #openOther;
  #search = new AbortController();

  // Lifecycle

  constructor(dialog, { navigation, open, signal }) {
    this.#dialog = dialog;
    this.#openOther = open;
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
      this.#note.textContent = this.#found.childElementCount ? "" : tr("Nothing of that name.");
      if (query.length >= SAID_LETTERS_MIN) await this.#findSaid(query, signal);
    } catch (error) {
      if (!signal.aborted) this.#note.textContent = error.message;
    }
  }

  // Names are there at once; what was said comes below them, a moment later.
  async #findSaid(query, signal) {
    const html = await part(`/search/options?${new URLSearchParams({ q: query })}`, { signal }).catch(() => null);
    if (signal.aborted || !html) return; // The names do without.
    const said = parse(html);
    if ("short" in said.dataset) return;
    this.#found.append(...said.children);
    if (!this.#chosen) this.#choose(this.#options[0]);
    if (this.#found.querySelector(".switcher__group")) this.#note.textContent = "";
  }

  get #options() {
    return Array.from(this.#found.querySelectorAll("[role=option]"));
  }

  get #chosen() {
    return this.#found.querySelector("[aria-selected=true]");
  }

  #keydown(event) {
    const chosen = this.#chosen;
    const options = this.#options;
    const at = options.indexOf(chosen);
    if (event.key === "ArrowDown") this.#choose(options[at + 1] ?? options[0]);
    else if (event.key === "ArrowUp") this.#choose(options[at - 1] ?? options.at(-1));
    else if (event.key === "Enter" && !event.isComposing) this.#take(chosen);
    else return;
    event.preventDefault();
  }

  #choose(option) {
    for (const other of this.#options) other.ariaSelected = String(other === option);
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.#query.setAttribute("aria-activedescendant", option.id);
    else this.#query.removeAttribute("aria-activedescendant");
  }

  #take(option) {
    if (!option) return;
    const { href, query } = option.dataset;
    this.#dialog.close();
    if (href) this.#navigation.go(href);
    else this.#openOther(".sidebar__search", { query });
  }
}
