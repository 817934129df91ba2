// What was written and not sent, of each conversation, or of a person with whom there is none yet. All
// tabs share them. Emits `change` with the place.

import { recall, remember } from "./storage.js";

const PREFIX = "draft:";

class Drafts extends EventTarget {
  constructor() {
    super();
    // Of other tabs.
    window.addEventListener("storage", ({ key }) => key?.startsWith(PREFIX) && this.#changed(key.slice(PREFIX.length)));
  }

  // { body, reply: { id, name, excerpt }, mentions: [{ id, name }] } or null.
  of(place) {
    return recall("localStorage", PREFIX + place);
  }

  keep(place, draft) {
    const isEmpty = !draft.body && !draft.reply;
    const wasEmpty = !this.of(place);
    remember("localStorage", PREFIX + place, isEmpty ? null : draft);
    if (isEmpty !== wasEmpty) this.#changed(place);
  }

  // Unless something is written in the other place already.
  move(from, to) {
    const draft = this.of(from);
    if (!draft || this.of(to)) return;
    this.keep(to, draft);
    this.keep(from, {});
  }

  #changed(place) {
    this.dispatchEvent(new CustomEvent("change", { detail: place }));
  }
}

export const drafts = new Drafts();
