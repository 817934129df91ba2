// What a search is limited to: a conversation, somebody's messages, a kind, a time. Emits `change`.

import { part } from "./api.js";
import { whenTyped } from "./dialog.js";
import { parse } from "./fragment.js";
import { tr } from "./words.js";

export class SearchFilters extends EventTarget {
  #root;
  #place = null; // { id, title } of the conversation that can be searched in
  #isWithin = false;
  #from = null; // { id, name }
  #finding = new AbortController();

  // Lifecycle

  constructor(root, signal) {
    super();
    this.#root = root;
    const on = (name, type, handle) => this.#part(name).addEventListener(type, handle, { signal });
    on("within", "click", () => this.#limit(!this.#isWithin));
    on("from", "click", () => this.#part("people").hidden ? this.#choosePerson() : this.fold());
    on("kind", "change", () => this.#changed());
    on("time", "change", () => this.#timeChosen());
    on("since", "change", () => this.#changed());
    on("until", "change", () => this.#changed());
    on("reset", "click", () => {
      this.#part("query").focus(); // The button is about to go.
      this.reset();
    });
    on("found", "click", ({ target }) => this.#took(target.closest(".search__sender")));
    on("people", "keydown", (event) => this.#peopleKeydown(event));
    whenTyped(this.#part("name"), (query) => this.#findPeople(query), signal);
  }

  // Actions

  // With no filters, in one conversation or in all.
  begin(id, title) {
    this.#place = id ? { id, title } : null;
    this.#isWithin = Boolean(id);
    this.#empty();
    this.#dress();
  }

  get within() {
    return this.#isWithin ? this.#place.id : null;
  }

  // Of filters, besides where is searched.
  get isSet() {
    const { sender_id: sender, kind, from, until } = this.what;
    return Boolean(sender || kind || from || until);
  }

  // As the address has it.
  get what() {
    const what = { ...this.#time() };
    if (this.within) what.conversation_id = this.within;
    if (this.#from) what.sender_id = this.#from.id;
    if (this.#part("kind").value) what.kind = this.#part("kind").value;
    return what;
  }

  reset() {
    this.#empty();
    this.#changed();
  }

  // In all conversations.
  widen() {
    this.#limit(false);
  }

  // Puts away what is being chosen; true when something was.
  fold() {
    if (this.#part("people").hidden) return false;
    const hadFocus = this.#part("people").contains(document.activeElement);
    this.#finding.abort();
    this.#part("people").hidden = true;
    this.#part("from").ariaExpanded = "false";
    if (hadFocus) this.#part("from").focus();
    return true;
  }

  // Private

  #part(name) {
    return this.#root.querySelector(`.search__${name}`);
  }

  #empty() {
    this.fold();
    this.#from = null;
    for (const name of ["kind", "time", "since", "until"]) this.#part(name).value = "";
    this.#part("days").hidden = true;
  }

  #changed() {
    this.#dress();
    this.dispatchEvent(new Event("change"));
  }

  #limit(isWithin) {
    this.#isWithin = isWithin && Boolean(this.#place);
    this.fold();
    this.#changed();
  }

  #dress() {
    const within = this.#part("within");
    within.hidden = !this.#place;
    within.ariaPressed = String(this.#isWithin);
    within.querySelector(".chip__words").textContent = this.#place ? tr("In {title}", this.#place) : "";
    const query = this.#part("query");
    query.placeholder = this.#isWithin ? tr("Search in this conversation") : tr("Search messages");
    query.ariaLabel = query.placeholder;
    const from = this.#part("from");
    from.toggleAttribute("data-set", Boolean(this.#from));
    from.querySelector(".chip__words").textContent = this.#from ? tr("From {name}", this.#from) : tr("Anyone");
    for (const name of ["kind", "time"]) this.#part(name).parentElement.toggleAttribute("data-set", Boolean(this.#part(name).value));
    this.#part("reset").hidden = !this.isSet;
  }

  // Days are the reader's own, from midnight to midnight.
  #time() {
    const time = this.#part("time").value;
    if (time !== "days") return time ? { from: midnight(Number(time) - 1).toISOString() } : {};
    const [since, until] = ["since", "until"].map((name) => dayOf(this.#part(name).value));
    if (until) until.setDate(until.getDate() + 1); // The last day, too.
    return { ...since && { from: since.toISOString() }, ...until && { until: until.toISOString() } };
  }

  #timeChosen() {
    const isDays = this.#part("time").value === "days";
    this.#part("days").hidden = !isDays;
    if (isDays) this.#part("since").focus();
    this.#changed();
  }

  #choosePerson() {
    this.#part("people").hidden = false;
    this.#part("from").ariaExpanded = "true";
    this.#part("name").value = "";
    this.#part("name").focus();
    this.#findPeople("");
  }

  async #findPeople(query) {
    this.#finding.abort();
    this.#finding = new AbortController();
    const { signal } = this.#finding;
    const what = new URLSearchParams({ q: query, ...this.within && { conversation_id: this.within } });
    const found = this.#part("found");
    try {
      const people = parse(await part(`/search/senders?${what}`, { signal }));
      if (!signal.aborted) found.replaceChildren(people);
    } catch (error) {
      if (!signal.aborted) found.textContent = error.message;
    }
  }

  #took(button) {
    if (!button) return;
    const { userId, name } = button.dataset;
    this.#from = userId ? { id: userId, name } : null;
    this.fold();
    this.#changed();
  }

  #peopleKeydown(event) {
    if (event.key === "Enter" && event.target === this.#part("name") && !event.isComposing) {
      event.preventDefault();
      return this.#took(this.#root.querySelector(".search__sender[data-name]")); // The first of that name.
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const stops = [this.#part("name"), ...this.#root.querySelectorAll(".search__sender")];
    stops[stops.indexOf(event.target) + step]?.focus();
    event.preventDefault();
  }
}

function midnight(daysAgo) {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo);
}

// What a date field says, if it is a day that the server knows.
function dayOf(text) {
  const [year, month, day] = text.split("-").map(Number);
  return year >= 1970 && year <= 9998 ? new Date(year, month - 1, day) : null;
}
