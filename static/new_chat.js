// The dialog that starts a chat: a click on a person opens the one with them, several that are ticked make
// a group that has a name. Who is online comes first, and alone when that is asked for.

import { part, post } from "./api.js";
import { wire, whenTyped } from "./dialog.js";
import { parse } from "./fragment.js";
import { dressPresence } from "./presence.js";
import { tr, trCount } from "./words.js";

export class NewChat {
  #dialog;
  #found;
  #group;
  #name;
  #note;
  #query;
  #online;
  #start;
  #navigation;
  #picked = new Map(); // user id → list item
  #search = new AbortController();

  // Lifecycle

  constructor(dialog, { navigation, signal }) {
    this.#dialog = dialog;
    this.#navigation = navigation;
    const part = (name) => dialog.querySelector(`.new-chat__${name}`);
    [this.#found, this.#group, this.#name, this.#note, this.#query, this.#online, this.#start] =
      ["found", "group", "name", "note", "query", "online", "start"].map(part);
    wire(dialog, signal);
    part("rooms").addEventListener("click", ({ target }) => this.#openRooms(target, signal), { signal });
    whenTyped(this.#query, () => this.#find(), signal);
    this.#online.addEventListener("click", () => this.#showOnline(!this.#showsOnline), { signal });
    dialog.querySelector("form").addEventListener("submit", (event) => this.#submit(event), { signal });
    this.#found.addEventListener("change", ({ target }) => this.#pick(target), { signal });
    this.#found.addEventListener("click", ({ target }) => target.closest("a") && dialog.close(), { signal });
    dialog.addEventListener("close", () => this.#reset(), { signal });
    signal.addEventListener("abort", () => this.#search.abort());
  }

  // Actions

  open() {
    this.#dialog.showModal();
    this.#find();
  }

  // Private

  async #openRooms(target, signal) {
    const { rooms } = target.closest("[data-rooms]")?.dataset ?? {};
    if (!rooms) return;
    const { openNewRoom, openRooms } = await import("./room_dialogs.js");
    this.#dialog.close();
    await (rooms === "new" ? openNewRoom : openRooms)({ navigation: this.#navigation, signal });
  }

  #reset() {
    this.#search.abort();
    this.#picked.clear();
    this.#found.replaceChildren();
    this.#dialog.querySelector("form").reset();
    this.#online.ariaPressed = "false";
    this.#note.textContent = "";
    this.#picksChanged();
  }

  get #showsOnline() {
    return this.#online.ariaPressed === "true";
  }

  #showOnline(shows) {
    this.#online.ariaPressed = String(shows);
    this.#find();
  }

  async #find() {
    this.#search.abort();
    this.#search = new AbortController();
    const { signal } = this.#search;
    try {
      const query = new URLSearchParams({ q: this.#query.value.trim(), online: this.#showsOnline });
      const people = parse(await part(`/people?${query}`, { signal }));
      if (signal.aborted) return;
      for (const id of this.#picked.keys()) people.querySelector(`[data-user-id="${CSS.escape(id)}"]`)?.remove();
      people.prepend(...this.#picked.values());
      this.#found.replaceChildren(people);
      dressPresence(people);
      this.#note.textContent = people.childElementCount ? "" : this.#nobody;
    } catch (error) {
      if (!signal.aborted) this.#note.textContent = error.message;
    }
  }

  get #nobody() {
    if (this.#query.value.trim()) return this.#showsOnline ? tr("Nobody of that name is online just now.") : tr("Nobody of that name is here.");
    return this.#showsOnline ? tr("Nobody else is online just now.") : tr("Nobody else is here.");
  }

  #pick(box) {
    if (box.checked) this.#picked.set(box.value, box.closest("li"));
    else this.#picked.delete(box.value);
    this.#picksChanged();
  }

  #picksChanged() {
    const { size } = this.#picked;
    this.#group.hidden = size < 2;
    this.#name.required = size > 1;
    this.#start.hidden = size === 0;
    this.#start.disabled = false;
    this.#start.textContent = size > 1 ? trCount("Start group with {n} person", "Start group with {n} people", size) : tr("Start chat");
  }

  async #submit(event) {
    event.preventDefault();
    const ids = [...this.#picked.keys()];
    if (ids.length === 0) return this.#dialog.querySelector(".person__link")?.focus();
    this.#start.disabled = true;
    try {
      const path = ids.length === 1 ? `/u/${ids[0]}` : await this.#makeGroup(ids);
      this.#dialog.close();
      this.#navigation.go(path);
    } catch (error) {
      this.#note.textContent = error.message;
      this.#start.disabled = false;
    }
  }

  async #makeGroup(ids) {
    const { id } = await post("/api/groups", { name: this.#name.value.trim(), member_ids: ids });
    return `/c/${id}`;
  }
}
