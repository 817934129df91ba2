// The messages of the open conversation, in order of seq, each as the server rendered it. Follows
// the newest while one is at the bottom, stays put otherwise, and loads older ones at the top.
//
// Emits `view` whenever other messages may have come into view.

import { get } from "./api.js";

const OLDER_PAGE = 50; // messages
const OLDER_MARGIN_PX = 300; // How near to the top older messages are asked for.
const OLDER_RETRY_MS = 3_000; // After a failure.
const BOTTOM_MARGIN_PX = 40; // Near enough to count as being at the bottom.

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class Timeline extends EventTarget {
  #scroller;
  #list;
  #pending;
  #latest;
  #conversationId;
  #following = true;
  #loading = false;
  #loadAgainAt = 0;
  #complete = false; // whether the oldest message is here
  #early = []; // changes of messages that are not loaded yet, while a page of them is on its way

  // Lifecycle

  constructor(scroller, latest, conversationId, signal) {
    super();
    this.#scroller = scroller;
    this.#list = scroller.querySelector(".timeline__messages");
    this.#pending = scroller.querySelector(".timeline__pending");
    this.#latest = latest;
    this.#conversationId = conversationId;
    for (const item of this.#list.children) this.#dress(item);
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true, signal });
    latest.addEventListener("click", () => this.#toBottom(), { signal });
    // The window, an on-screen keyboard, or a growing composer change what is in view.
    const resizes = new ResizeObserver(() => this.#following ? this.#toBottom() : this.#scrolled());
    resizes.observe(scroller);
    signal.addEventListener("abort", () => resizes.disconnect());
    this.#toBottom();
  }

  // Actions

  // What the sender wrote and the server has not answered for.
  showPending(texts) {
    const items = texts.map((text) => {
      const item = document.createElement("li");
      item.className = "pending";
      item.textContent = text;
      return item;
    });
    this.#pending.replaceChildren(...items);
    if (this.#following) this.#toBottom();
  }

  // Adds a message or replaces an older revision of it.
  show(html) {
    const item = parse(html);
    if (item && this.#isBeforeLoaded(item)) {
      // Loaded with its present content when one scrolls there, unless that load is under way.
      if (this.#loading) this.#early.push(item);
      return;
    }
    if (!item) return;
    this.#keepingPlace(() => this.#place(item));
    if (this.#following) this.#toBottom();
    else if (item === this.#list.lastElementChild) this.#latest.hidden = false;
  }

  // Behind the list, on a narrow screen, it shows nothing.
  get showsNewest() {
    return this.#following && this.#scroller.clientHeight > 0;
  }

  get lastSeqInView() {
    const bottom = this.#scroller.getBoundingClientRect().bottom;
    let item = this.#list.lastElementChild;
    // Seen when its beginning and some of it are: a message may be taller than the screen.
    while (item && item.getBoundingClientRect().top + BOTTOM_MARGIN_PX / 2 > bottom) {
      item = item.previousElementSibling;
    }
    return seqOf(item);
  }

  nameOf(userId) {
    const item = this.#list.querySelector(`[data-sender="${CSS.escape(userId)}"] .message__sender`);
    return item?.textContent;
  }

  // Private

  #place(item) {
    const present = document.getElementById(item.id);
    if (present) {
      if (Number(present.dataset.revision) >= Number(item.dataset.revision)) return;
      present.replaceWith(item);
    } else {
      let before = this.#list.lastElementChild;
      while (before && seqOf(before) > seqOf(item)) before = before.previousElementSibling;
      if (before) before.after(item);
      else this.#list.prepend(item);
    }
    this.#dress(item);
    if (item.nextElementSibling) this.#dress(item.nextElementSibling);
  }

  // The reader's own time, and no second header for the same sender.
  #dress(item) {
    const time = item.querySelector("time");
    const at = new Date(time?.dateTime);
    if (!Number.isNaN(at.valueOf())) {
      const isToday = at.toDateString() === new Date().toDateString();
      time.textContent = (isToday ? clock : date).format(at);
      time.title = date.format(at);
    }
    const { sender } = item.dataset;
    const continues = sender && item.previousElementSibling?.dataset.sender === sender;
    item.classList.toggle("message--continued", Boolean(continues));
  }

  #isBeforeLoaded(item) {
    const first = this.#list.firstElementChild;
    return !this.#complete && first !== null && seqOf(item) < seqOf(first);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (clientHeight === 0) return; // Behind the list on a narrow screen: nothing is in view.
    this.#following = scrollHeight - scrollTop - clientHeight < BOTTOM_MARGIN_PX;
    if (this.#following) this.#latest.hidden = true;
    if (scrollTop < OLDER_MARGIN_PX) this.#loadOlder();
    this.dispatchEvent(new Event("view"));
  }

  #toBottom() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#scrolled();
  }

  async #loadOlder() {
    const first = this.#list.firstElementChild;
    if (this.#complete || this.#loading || Date.now() < this.#loadAgainAt) return;
    if (!first || seqOf(first) <= 1) {
      this.#complete = true;
      return;
    }
    this.#loading = true;
    this.#scroller.ariaBusy = "true"; // Old messages are no news to be read aloud.
    try {
      const query = new URLSearchParams({ before: seqOf(first), limit: OLDER_PAGE, render: "html" });
      const { items, next } = await get(`/api/conversations/${this.#conversationId}/messages?${query}`);
      this.#keepingPlace(() => {
        for (const { html } of items) this.#place(parse(html));
        this.#complete = next === null || this.#list.firstElementChild === first;
        for (const item of this.#early) if (!this.#isBeforeLoaded(item)) this.#place(item);
      });
    } catch (error) {
      this.#loadAgainAt = Date.now() + OLDER_RETRY_MS;
      console.warn("Older messages could not be loaded", error);
    } finally {
      this.#loading = false;
      this.#early = [];
      this.#scroller.ariaBusy = "false";
    }
    this.#scrolled();
  }

  // What one is reading stays where it is, whatever is put above it or grows there.
  #keepingPlace(change) {
    const { top } = this.#scroller.getBoundingClientRect();
    const inView = (item) => item.getBoundingClientRect().bottom > top;
    const anchor = this.#following ? null : Array.from(this.#list.children).find(inView);
    const before = anchor?.getBoundingClientRect().top;
    change();
    // By id, since the change may have put a newer revision in its place.
    if (!anchor) return;
    this.#scroller.scrollTop += document.getElementById(anchor.id).getBoundingClientRect().top - before;
  }
}

// A template's content is inert: nothing in it runs or loads before it is placed.
function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

function seqOf(item) {
  return Number(item?.dataset.seq ?? 0);
}
