// What a conversation keeps at hand: the bar under its header leads to the pinned messages, one after the other from
// the newest pin on, and a list shows all of them.

import { part, remove } from "./api.js";
import { wire } from "./dialog.js";
import { parse } from "./fragment.js";
import { loadStylesheet } from "./stylesheet.js";
import { briefOf, fullOf } from "./times.js";
import { tr } from "./words.js";

const GATHER_MS = 100; // One deed may come as several events.

export class Pins {
  #pane;
  #timeline;
  #conversationId;
  #signal;
  #dialog;
  #at = 0; // which pin the bar shows
  #timer = null;
  #changes = 0;

  // Lifecycle

  constructor(pane, { connection, timeline, signal }) {
    this.#pane = pane;
    this.#timeline = timeline;
    this.#conversationId = pane.dataset.conversationId;
    this.#signal = signal;
    if (!this.#conversationId) return;
    this.#dialog = pane.querySelector(".pinned");
    Object.assign(this.#dialog.dataset, { kind: pane.dataset.kind, role: pane.dataset.role });
    document.body.append(this.#dialog); // Where all that opens above the page stands.
    wire(this.#dialog, signal);
    this.#dialog.addEventListener("close", () => this.#closed(), { signal });
    for (const place of [pane.querySelector(".pins"), this.#dialog]) {
      place.addEventListener("click", (event) => this.#clicked(event), { signal });
    }
    connection.addEventListener("frame:message", ({ detail }) => this.#messageCame(detail.message), { signal });
    connection.addEventListener("frame:hidden", ({ detail }) => this.#find(detail.message_id) && this.#refresh(), { signal });
    signal.addEventListener("abort", () => {
      clearTimeout(this.#timer);
      this.#dialog.remove();
    });
    // What was pinned since the page was rendered.
    const differs = (item) => Boolean(item.querySelector(".message__pinned")) !== Boolean(this.#find(item.dataset.messageId));
    if (Array.from(timeline.items).some(differs)) this.#refresh();
    this.#dress();
  }

  // Private

  get #entries() {
    return Array.from(this.#dialog.querySelectorAll(".pin"));
  }

  #find(id) {
    return this.#entries.find((entry) => entry.dataset.messageId === id);
  }

  #messageCame({ id, conversation_id: conversationId, pinned_at: pinnedAt, deleted_at: deletedAt, revision }) {
    if (conversationId !== this.#conversationId) return;
    if (revision > 1) this.#changes += 1;
    const entry = this.#find(id);
    const isPinned = Boolean(pinnedAt) && !deletedAt;
    if (isPinned !== Boolean(entry) || revision > Number(entry?.dataset.revision)) this.#refresh();
  }

  #refresh() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), GATHER_MS);
  }

  async #load() {
    const changes = this.#changes;
    try {
      const fresh = parse(await part(`/c/${this.#conversationId}/pins`, { signal: this.#signal }));
      if (changes !== this.#changes) return this.#refresh(); // What it says may be older than what came.
      const section = this.#pane.querySelector(".pins");
      const known = new Set(this.#entries.map(({ dataset }) => dataset.messageId));
      const { activeElement: before } = document;
      const [wasInBar, wasInList] = [section, this.#dialog].map((place) => place.contains(before));
      section.hidden = fresh.hidden;
      section.querySelector(".pins__bar").replaceWith(fresh.querySelector(".pins__bar"));
      this.#dialog.querySelector(".pinned__list").replaceChildren(...fresh.querySelectorAll(".pin"));
      // What is new is shown; else the reader goes on where they were.
      if (this.#entries.some(({ dataset }) => !known.has(dataset.messageId))) this.#at = 0;
      this.#dress();
      if (section.hidden && this.#dialog.open) this.#dialog.close();
      const again = wasInList && this.#dialog.open ? this.#dialog.querySelector(before.isConnected ? `.${before.classList[0]}` : ".pin__link")
        : wasInBar && !section.hidden ? section.querySelector(`.${before.classList[0]}`)
        : wasInBar || wasInList ? this.#pane.querySelector(".timeline") : null;
      again?.focus({ preventScroll: true });
    } catch (error) {
      // Unreached, it is asked again when a message comes.
      if (!this.#signal.aborted && error.status) console.warn("The pins are not fresh", error);
    }
  }

  #dress() {
    const entries = this.#entries;
    for (const entry of entries) {
      const time = entry.querySelector("time");
      const at = new Date(time.dateTime);
      time.textContent = briefOf(at);
      time.title = fullOf(at);
    }
    this.#at = entries.length ? this.#at % entries.length : 0;
    const go = this.#pane.querySelector(".pins__go");
    const entry = entries[this.#at];
    if (!go || !entry) return;
    go.href = entry.querySelector(".pin__link").href;
    go.dataset.seq = entry.dataset.seq;
    go.querySelector(".pins__label").textContent =
      entries.length > 1 ? tr("Pinned message {at} of {count}", { at: this.#at + 1, count: entries.length }) : tr("Pinned message");
    go.querySelector(".pins__words").textContent = entry.querySelector(".pin__words").textContent;
  }

  #clicked(event) {
    const { target } = event;
    const go = target.closest(".pins__go");
    const entry = target.closest(".pin");
    if (target.closest(".pins__all")) return this.#open();
    if (target.closest(".pin__remove")) return this.#unpin(entry);
    if (!go && !target.closest(".pin__link")) return;
    event.preventDefault();
    if (!go) this.#dialog.close();
    this.#timeline.jumpTo(Number((go ?? entry).dataset.seq));
    if (!go) return;
    this.#at += 1;
    this.#dress();
  }

  async #open() {
    await loadStylesheet("deeds.css").catch(() => {});
    this.#say("");
    this.#dialog.showModal();
  }

  // A newer bar may have taken the place of the one that had the focus.
  #closed() {
    const { activeElement: now } = document;
    if (now !== document.body && !this.#dialog.contains(now)) return;
    const bar = this.#pane.querySelector(".pins:not([hidden]) .pins__all");
    (bar ?? this.#pane.querySelector(".timeline")).focus({ preventScroll: true });
  }

  async #unpin({ dataset }) {
    this.#say("");
    try {
      await remove(`/api/messages/${dataset.messageId}/pin`);
    } catch (error) {
      this.#say(error.message);
    }
  }

  #say(text) {
    this.#dialog.querySelector(".pinned__note").textContent = text;
  }
}
