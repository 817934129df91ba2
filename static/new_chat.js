// The dialog that starts a chat: with one person a direct one, with several a group that has a name.

import { get, post } from "./api.js";

const SEARCH_DELAY_MS = 200;

export class NewChat {
  #dialog;
  #people;
  #group;
  #name;
  #note;
  #start;
  #template;
  #userId;
  #picked = new Map(); // user id → list item
  #search = new AbortController();
  #timer;

  // Lifecycle

  constructor(dialog, button, template, { userId, signal }) {
    this.#dialog = dialog;
    this.#template = template;
    this.#userId = userId;
    const part = (name) => dialog.querySelector(`.new-chat__${name}`);
    [this.#people, this.#group, this.#name, this.#note, this.#start] =
      ["people", "group", "name", "note", "start"].map(part);
    button.addEventListener("click", () => this.#open(), { signal });
    part("cancel").addEventListener("click", () => dialog.close(), { signal });
    part("form").addEventListener("submit", (event) => this.#submit(event), { signal });
    part("query").addEventListener("input", ({ target }) => this.#typed(target.value), { signal });
    this.#people.addEventListener("change", ({ target }) => this.#pick(target), { signal });
    dialog.addEventListener("close", () => this.#reset(), { signal });
    signal.addEventListener("abort", () => this.#reset());
  }

  // Private

  #open() {
    this.#dialog.showModal();
    this.#find("");
  }

  #reset() {
    clearTimeout(this.#timer);
    this.#search.abort();
    this.#picked.clear();
    this.#people.replaceChildren();
    this.#dialog.querySelector("form").reset();
    this.#note.textContent = "";
    this.#picksChanged();
  }

  #typed(query) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#find(query.trim()), SEARCH_DELAY_MS);
  }

  async #find(query) {
    this.#search.abort();
    this.#search = new AbortController();
    const { signal } = this.#search;
    try {
      const { items } = await get(`/api/users?${new URLSearchParams({ q: query })}`, { signal });
      if (signal.aborted) return;
      const found = items.filter(({ id }) => !this.#picked.has(id)).map((user) => this.#person(user));
      this.#people.replaceChildren(...this.#picked.values(), ...found);
      this.#note.textContent = items.length ? "" : "Nobody of that name is here.";
    } catch (error) {
      if (!signal.aborted) this.#note.textContent = error.message;
    }
  }

  #person({ id, name, username, online }) {
    const item = this.#template.content.firstElementChild.cloneNode(true);
    item.querySelector(".person__pick").value = id;
    item.querySelector(".person__name").textContent = name;
    const state = id === this.#userId ? "you, for notes" : online && "online";
    item.querySelector(".person__detail").textContent =
      [username && `@${username}`, state].filter(Boolean).join(" · ");
    return item;
  }

  #pick(box) {
    if (box.checked) this.#picked.set(box.value, box.closest("li"));
    else this.#picked.delete(box.value);
    this.#picksChanged();
  }

  #picksChanged() {
    const isGroup = this.#picked.size > 1;
    this.#group.hidden = !isGroup;
    this.#name.required = isGroup;
    this.#start.disabled = this.#picked.size === 0;
  }

  async #submit(event) {
    event.preventDefault();
    const ids = [...this.#picked.keys()];
    if (ids.length === 0) return;
    this.#start.disabled = true;
    try {
      const { id } = ids.length === 1
        ? await post("/api/conversations/direct", { user_id: ids[0] })
        : await post("/api/groups", { name: this.#name.value.trim(), member_ids: ids });
      location.assign(`/c/${id}`);
    } catch (error) {
      this.#note.textContent = error.message;
      this.#start.disabled = false;
    }
  }
}
