// Passes a message on: search, tick one or several, send. It stays open until all of it is done, or one thinks better
// of it.

import { part, post } from "./api.js";
import { wire, whenTyped } from "./dialog.js";
import { clone, parse } from "./fragment.js";
import { namesOf } from "./phrases.js";
import { dressPresence } from "./presence.js";
import { loadStylesheet } from "./stylesheet.js";
import { toast } from "./toasts.js";
import { tr, trCount } from "./words.js";

const PICKED_MAX = 20; // As many as the server takes at once.

export class Forward {
  #dialog;
  #query;
  #picked;
  #found;
  #note;
  #send;
  #navigation;
  #messageId;
  #clientId; // The same again, after a failure, is not there twice.
  #choices = new Map(); // address → title
  #search = new AbortController();
  #sending = false;

  // Lifecycle

  constructor(dialog, { navigation }) {
    this.#dialog = dialog;
    this.#navigation = navigation;
    [this.#query, this.#picked, this.#found, this.#note, this.#send] =
      ["query", "picked", "found", "note", "send"].map((name) => dialog.querySelector(`.forward__${name}`));
    const { signal } = new AbortController(); // It lives as long as the page.
    wire(dialog, signal);
    whenTyped(this.#query, (query) => this.#find(query), signal);
    this.#query.addEventListener("keydown", (event) => this.#keydown(event));
    this.#found.addEventListener("mousedown", (event) => event.preventDefault()); // The focus stays.
    this.#found.addEventListener("click", ({ target }) => this.#toggle(target.closest("[role=option]")));
    this.#picked.addEventListener("click", ({ target }) => this.#dropped(target.closest(".forward__drop")));
    dialog.querySelector("form").addEventListener("submit", (event) => this.#submit(event));
    dialog.addEventListener("close", () => {
      this.#search.abort();
      // A newer revision may have taken the place of the message that had the focus.
      const { activeElement: now } = document;
      if (now === document.body || dialog.contains(now)) document.getElementById(`message-${this.#messageId}`)?.focus({ preventScroll: true });
    });
  }

  // Actions

  async open(messageId) {
    await loadStylesheet("deeds.css").catch(() => {});
    this.#messageId = messageId;
    this.#clientId = `forward-${Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("")}`;
    this.#choices.clear();
    this.#query.value = "";
    this.#showPicked();
    this.#dialog.showModal();
    // On a phone a keyboard would cover what there is to choose from.
    (matchMedia("(pointer: coarse)").matches ? this.#found : this.#query).focus();
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
      Array.from(found.children).forEach((option, at) => {
        option.id = `forward-${at}`;
        option.append(clone("#tick-template"));
      });
      this.#found.replaceChildren(...found.children);
      dressPresence(this.#found);
      this.#mark();
      this.#goTo(query ? this.#found.firstElementChild : null);
      this.#say(this.#found.childElementCount ? "" : tr("Nothing of that name."));
    } catch (error) {
      if (!signal.aborted) this.#say(error.message);
    }
  }

  #keydown(event) {
    const active = this.#found.querySelector("[data-active]");
    const { firstElementChild: first, lastElementChild: last } = this.#found;
    if (event.key === "ArrowDown") this.#goTo(active?.nextElementSibling ?? first);
    else if (event.key === "ArrowUp") this.#goTo(active?.previousElementSibling ?? last);
    else if (event.key === "Backspace" && !this.#query.value && this.#choices.size) this.#drop(Array.from(this.#choices.keys()).at(-1));
    else if (event.key === "Enter" && !event.isComposing && active && !event.ctrlKey && !event.metaKey) this.#toggle(active);
    else return;
    event.preventDefault();
  }

  #goTo(option) {
    for (const other of this.#found.children) other.toggleAttribute("data-active", other === option);
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.#query.setAttribute("aria-activedescendant", option.id);
    else this.#query.removeAttribute("aria-activedescendant");
  }

  #toggle(option) {
    if (!option || this.#sending) return;
    const { href } = option.dataset;
    if (this.#choices.has(href)) return this.#drop(href);
    if (this.#choices.size >= PICKED_MAX) return this.#say(tr("Choose at most {n}.", { n: PICKED_MAX }));
    this.#choices.set(href, option.querySelector(".switcher__title").textContent);
    this.#showPicked();
    this.#goTo(option);
    if (!this.#query.value) return;
    // The next one is searched for from the start.
    this.#query.value = "";
    this.#find("");
  }

  #dropped(button) {
    if (!button || this.#sending) return;
    this.#drop(button.closest("li").dataset.href);
    this.#query.focus();
  }

  #drop(href) {
    this.#choices.delete(href);
    this.#showPicked();
  }

  #showPicked() {
    this.#picked.replaceChildren(...Array.from(this.#choices, ([href, title]) => {
      const item = clone("#picked-template");
      item.dataset.href = href;
      item.querySelector(".forward__name").textContent = title;
      item.querySelector(".forward__drop").ariaLabel = tr("Leave out {name}", { name: title });
      return item;
    }));
    this.#picked.hidden = this.#choices.size === 0;
    this.#picked.lastElementChild?.scrollIntoView({ block: "nearest" });
    this.#send.disabled = this.#choices.size === 0;
    this.#send.textContent = this.#choices.size > 1 ? trCount("Forward to {n}", "Forward to {n}", this.#choices.size) : tr("Forward");
    this.#say("");
    this.#mark();
  }

  #mark() {
    for (const option of this.#found.children) option.ariaSelected = String(this.#choices.has(option.dataset.href));
  }

  #say(text) {
    this.#note.textContent = text;
  }

  async #submit(event) {
    event.preventDefault();
    if (this.#sending || this.#choices.size === 0) return;
    this.#sending = true;
    this.#send.disabled = true;
    this.#say("");
    try {
      const choices = Array.from(this.#choices.keys());
      const ids = await Promise.all(choices.map(conversationOf));
      await post(`/api/messages/${this.#messageId}/forward`, { conversation_ids: ids, client_id: this.#clientId });
      const titles = Array.from(this.#choices.values());
      this.#dialog.close();
      toast(tr("Forwarded to {names}.", { names: namesOf(titles) }), { action: tr("Open"), onAction: () => this.#navigation.go(`/c/${ids[0]}`) });
    } catch (error) {
      this.#say(error.message);
    } finally {
      this.#sending = false;
      this.#send.disabled = this.#choices.size === 0;
    }
  }
}

// With a person the chat may begin with it.
async function conversationOf(address) {
  const [, kind, id] = address.split("/");
  return kind === "c" ? id : (await post("/api/conversations/direct", { user_id: id })).id;
}
