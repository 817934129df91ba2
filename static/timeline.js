// The messages of the open conversation, in order of seq, each as the server rendered it. Holds a window
// of them: older ones come back at the top and newer ones at the bottom as one scrolls, and what is far
// away leaves the page, so that a tab may stay open for a day. Follows the newest while one is there,
// and stays put otherwise.
//
// Emits `view` whenever other messages may have come into view, and `placed` with items that came or were
// loaded, whether the window has a place for them or not, and `came` with those that came and have one.

import { get } from "./api.js";
import { dayOf } from "./times.js";
import { divide, dress, momentOf } from "./dress.js";
import { parse } from "./fragment.js";

const PAGE_MESSAGES = 50;
const EDGE_MARGIN_PX = 400; // How near to an end more is asked for.
const RETRY_MS = 3_000; // After a failure.
const BOTTOM_MARGIN_PX = 40; // Near enough to count as being at the bottom.
const DIVIDER_MARGIN_PX = 56; // What is left above the first new message, so that the line is seen.
const ITEMS_MAX = 300; // A window above is cut down to
const ITEMS_KEPT = 150; // so many; some screens full.
const HIDDEN_FLUSH_MS = 500; // Nobody looks, and animation frames do not come.
const DAY_SHOWN_MS = 1_200;
const HIGHLIGHT_MS = 2_500;

export class Timeline extends EventTarget {
  #scroller;
  #list;
  #start;
  #latest;
  #count;
  #unread;
  #day;
  #conversationId;
  #userId;
  #sees;
  #signal;
  #older; // the seq before which there is more; null: the first one is here
  #newer; // the seq after which there is more; null: the newest is here
  #lastSeq;
  #below = 0; // messages of others that came while one was not at the bottom
  #following = true;
  #loading = false;
  #loadAgainAt = 0;
  #queue = []; // fragments that wait for the next frame
  #timer = null;
  #divider = null; // seq of the first message that is new to the reader
  #dividerSeen = false;
  #dayTimer;
  #frame = 0;

  // Lifecycle

  constructor(root, { conversationId, userId, sees, signal }) {
    super();
    const part = (name) => root.querySelector(`.timeline${name}`);
    [this.#scroller, this.#list, this.#start, this.#latest, this.#count, this.#unread, this.#day] =
      ["", "__messages", "__start", "__latest", "__count", "__unread", "__day"].map(part);
    this.#conversationId = conversationId;
    this.#userId = userId;
    this.#sees = sees;
    this.#signal = signal;
    const { older, newer, lastSeq } = this.#scroller.dataset;
    this.#older = older ? Number(older) : null;
    this.#newer = newer ? Number(newer) : null;
    this.#lastSeq = Number(lastSeq);
    this.#scroller.addEventListener("scroll", () => this.#soon(), { passive: true, signal });
    this.#latest.addEventListener("click", () => {
      this.#scroller.focus({ preventScroll: true }); // The button is about to go.
      this.toLatest();
    }, { signal });
    this.#unread.addEventListener("click", () => this.#toUnread(), { signal });
    document.addEventListener("visibilitychange", () => this.#flush(), { signal });
    // The window, an on-screen keyboard, or a growing composer change what is in view.
    const resizes = new ResizeObserver(() => this.#resized());
    resizes.observe(this.#scroller);
    signal.addEventListener("abort", () => {
      resizes.disconnect();
      cancelAnimationFrame(this.#frame);
      clearTimeout(this.#timer);
      clearTimeout(this.#dayTimer);
    });
    this.#open();
  }

  // Actions

  // Adds a message or replaces an older revision of it, with the next frame. One that was hidden is shown
  // again only when it is taken back.
  show(html, { isTakenBack = false } = {}) {
    this.#queue.push({ html, isTakenBack });
    if (this.#queue.length > ITEMS_MAX) return this.#flush();
    if (document.hidden) this.#timer ??= setTimeout(() => this.#flush(), HIDDEN_FLUSH_MS);
    else this.#soon();
  }

  // A message of one's own that is on its way stands at the bottom, and one wants to see it.
  async toLatest() {
    if (this.#newer !== null && !await this.#load({})) return;
    this.#toBottom();
  }

  // A message by its place, wherever it is.
  async jumpTo(seq) {
    let item = this.#itemAt(seq);
    if (!item) {
      if (!await this.#load({ around: seq })) return;
      item = this.#itemAt(seq);
    }
    if (!item) return;
    this.#following = false;
    item.scrollIntoView({ block: "center" });
    item.focus({ preventScroll: true });
    item.classList.add("message--highlight");
    setTimeout(() => item.classList.remove("message--highlight"), HIGHLIGHT_MS);
    this.#scrolled();
  }

  hide(messageId) {
    const item = document.getElementById(`message-${messageId}`);
    if (!item) return;
    const { nextElementSibling: next, previousElementSibling: previous } = item;
    const hadFocus = item.contains(document.activeElement);
    this.#keepingPlace(() => item.remove());
    for (const neighbour of [previous, next]) if (neighbour) dress(neighbour);
    if (hadFocus) (next ?? previous ?? this.#scroller).focus({ preventScroll: true });
    this.#scrolled();
  }

  get items() {
    return this.#list.children;
  }

  // Behind the list, on a narrow screen, it shows nothing.
  get showsNewest() {
    return this.#following && this.#newer === null && this.#scroller.clientHeight > 0;
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
    return this.#list.querySelector(`[data-sender="${CSS.escape(userId)}"] .message__sender`)?.textContent;
  }

  follow() {
    if (this.#following) this.#toBottom();
  }

  // Private

  #open() {
    for (const item of this.#list.children) dress(item);
    const { readSeq, unread, highlight } = this.#scroller.dataset;
    if (Number(unread) > 0) this.#divideAt(this.#firstNewAfter(Number(readSeq)), Number(unread));
    if (highlight) return void this.jumpTo(Number(highlight));
    if (this.#divider) this.#toDivider();
    else this.#toBottom();
  }

  #flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#signal.aborted || this.#loading || this.#queue.length === 0) return; // A load flushes when it is done.
    this.#receive(this.#queue.splice(0).map(({ html, isTakenBack }) => Object.assign(parse(html), { isTakenBack })));
  }

  #receive(items) {
    const placed = [];
    this.#keepingPlace(() => {
      for (const item of items) {
        const isNew = seqOf(item) > this.#lastSeq;
        if (isNew) this.#lastSeq = seqOf(item);
        if (isNew && this.#isFromOthers(item)) this.#cameNew(item);
        if (this.#belongsHere(item, isNew) && this.#place(item)) placed.push(item);
      }
      for (const item of placed) if (item.isConnected) dress(item);
      for (const item of placed) if (item.nextElementSibling) dress(item.nextElementSibling);
      if (placed.some((item) => seqOf(item) === this.#divider)) divide(this.#itemAt(this.#divider), "New messages");
    });
    if (this.#following) {
      if (this.#sees() || this.#divider === null || this.#dividerSeen) this.#toBottom();
      else this.#toDivider();
      this.#cut("first");
    } else if (this.#list.childElementCount > ITEMS_MAX && this.#newer === null) {
      this.#newer = seqOf(this.#list.lastElementChild); // What comes now is loaded when one scrolls there.
    }
    this.#tellBelow();
    this.dispatchEvent(new CustomEvent("placed", { detail: items }));
    this.dispatchEvent(new CustomEvent("came", { detail: placed }));
  }

  #cameNew(item) {
    const isSeen = this.#following && this.#sees();
    if (!isSeen && (this.#divider === null || this.#dividerSeen)) this.#divideAt(item, 1);
    if (!this.#following) this.#below += 1;
  }

  #isFromOthers({ dataset, classList }) {
    return dataset.sender !== this.#userId && !classList.contains("message--system");
  }

  // Outside of the window it is loaded with its present content when one scrolls there. What changes within
  // and is not there, the reader has hidden.
  #belongsHere(item, isNew) {
    const seq = seqOf(item);
    const isHidden = !isNew && item.dataset.revision !== "1" && !item.isTakenBack && !document.getElementById(item.id);
    if (isHidden) return false;
    if (this.#newer !== null && seq > this.#newer) return false;
    return this.#older === null || this.#list.childElementCount === 0 || seq >= seqOf(this.#list.firstElementChild);
  }

  #place(item) {
    const present = document.getElementById(item.id);
    if (present) {
      if (Number(present.dataset.revision) >= Number(item.dataset.revision)) return false;
      const hadFocus = present.contains(document.activeElement);
      const divider = present.querySelector(":scope > .message__new");
      if (present.dataset.tick) item.dataset.tick = present.dataset.tick;
      present.replaceWith(item);
      if (divider) item.prepend(divider);
      if (hadFocus) item.focus({ preventScroll: true });
      return true;
    }
    let before = this.#list.lastElementChild;
    while (before && seqOf(before) > seqOf(item)) before = before.previousElementSibling;
    if (before) before.after(item);
    else this.#list.prepend(item);
    return true;
  }

  // Drops what is far from what is read: the older ones while one follows, else those at the end one left.
  #cut(end) {
    const surplus = this.#list.childElementCount - ITEMS_KEPT;
    if (this.#list.childElementCount <= ITEMS_MAX) return;
    const items = Array.from(this.#list.children);
    const gone = end === "first" ? items.slice(0, surplus) : items.slice(-surplus);
    this.#keepingPlace(() => {
      for (const item of gone) item.remove();
      if (end === "first") {
        this.#older = seqOf(this.#list.firstElementChild);
        dress(this.#list.firstElementChild);
      } else {
        this.#newer = seqOf(this.#list.lastElementChild);
      }
      this.#start.hidden = this.#older !== null;
    });
  }

  async #load(where) {
    if (this.#loading) return false;
    this.#loading = true;
    this.#scroller.ariaBusy = "true"; // Old messages are no news to be read aloud.
    try {
      const query = new URLSearchParams({ limit: PAGE_MESSAGES, render: "html", ...where });
      const page = await get(`/api/conversations/${this.#conversationId}/messages?${query}`, { signal: this.#signal });
      this.#apply(where, page);
      return true;
    } catch (error) {
      if (this.#signal.aborted) return false;
      this.#loadAgainAt = Date.now() + RETRY_MS;
      setTimeout(() => this.#signal.aborted || this.#soon(), RETRY_MS);
      console.warn("Messages could not be loaded", error);
      return false;
    } finally {
      this.#loading = false;
      this.#scroller.ariaBusy = "false";
      this.#flush();
    }
  }

  #apply({ before, after }, { items, next }) {
    const isEnd = before === undefined && after === undefined;
    const fresh = items.map(({ html }) => parse(html));
    this.#keepingPlace(() => {
      if (isEnd) this.#list.replaceChildren();
      for (const item of fresh) this.#place(item);
      if (isEnd) {
        const [first, last] = [seqOf(fresh[0]), seqOf(fresh.at(-1))];
        this.#older = first > 1 ? first : null;
        this.#newer = last < this.#lastSeq ? last : null;
      } else if (before !== undefined) {
        this.#older = next;
      } else {
        this.#newer = next;
      }
      for (const item of this.#list.children) if (isEnd || fresh.includes(item)) dress(item);
      const joint = before !== undefined ? fresh.at(-1)?.nextElementSibling : null;
      if (joint) dress(joint);
      const firstNew = this.#itemAt(this.#divider);
      if (firstNew) divide(firstNew, "New messages");
      this.#start.hidden = this.#older !== null;
    });
    if (!isEnd) this.#cut(before !== undefined ? "last" : "first");
    this.dispatchEvent(new CustomEvent("placed", { detail: fresh }));
    this.#soon();
  }

  // Once a frame, however often events come.
  #soon() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#flush();
      this.#scrolled();
      this.#showDay();
    });
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (clientHeight === 0 || this.#signal.aborted) return; // Behind the list on a narrow screen: nothing is in view.
    const toEnd = scrollHeight - scrollTop - clientHeight;
    this.#following = toEnd < BOTTOM_MARGIN_PX && this.#newer === null;
    if (this.#following) this.#below = 0;
    if (!this.#loading && Date.now() >= this.#loadAgainAt) {
      if (scrollTop < EDGE_MARGIN_PX && this.#older !== null) this.#load({ before: this.#older });
      else if (toEnd < EDGE_MARGIN_PX && this.#newer !== null) this.#load({ after: this.#newer });
    }
    this.#tellBelow();
    this.#tellUnread();
    this.dispatchEvent(new Event("view"));
  }

  #resized() {
    if (this.#following) this.#toBottom();
    else this.#scrolled();
  }

  #toBottom() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#scrolled();
  }

  // The first new message near the top, with what was read before above it.
  #toDivider() {
    const item = this.#itemAt(this.#divider);
    if (!item) return this.#toBottom();
    const top = item.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
    this.#scroller.scrollTop += top - DIVIDER_MARGIN_PX;
    this.#scrolled();
  }

  async #toUnread() {
    if (!this.#itemAt(this.#divider) && !await this.#load({ around: this.#divider })) return;
    this.#toDivider();
    this.#itemAt(this.#divider)?.focus({ preventScroll: true });
  }

  // The line above what is new stays while one reads, until something newer comes unseen.
  #divideAt(item, count) {
    const before = this.#itemAt(this.#divider);
    this.#divider = item ? seqOf(item) : null;
    this.#dividerSeen = false;
    if (before) divide(before, null);
    if (item?.isConnected) divide(item, "New messages");
    this.#unread.querySelector(".timeline__unread-text").textContent =
      count > 1 ? `${count} new messages` : "New messages";
  }

  #tellUnread() {
    if (this.#divider === null || this.#dividerSeen) return void (this.#unread.hidden = true);
    const item = this.#itemAt(this.#divider);
    const { top, bottom } = this.#scroller.getBoundingClientRect();
    const place = item?.getBoundingClientRect();
    if (place && place.bottom > top && place.top < bottom) {
      this.#dividerSeen = this.#sees();
      this.#unread.hidden = true;
    } else {
      const isAbove = place ? place.bottom <= top : this.#divider < seqOf(this.#list.firstElementChild);
      this.#unread.hidden = !isAbove;
    }
  }

  #tellBelow() {
    this.#latest.hidden = this.#following;
    this.#count.hidden = this.#below === 0;
    this.#count.textContent = this.#below > 99 ? "99+" : this.#below;
    this.#latest.ariaLabel = this.#below ? `Newest messages, ${this.#below} new` : "Newest messages";
  }

  // While one scrolls: of which day is what stands at the top.
  #showDay() {
    const { top } = this.#scroller.getBoundingClientRect();
    const item = this.#firstBelow(top + BOTTOM_MARGIN_PX);
    const at = item && momentOf(item);
    const line = item?.querySelector(":scope > .message__day");
    const isShownAnyway = line && line.getBoundingClientRect().top >= top;
    this.#day.hidden = !at || Boolean(isShownAnyway) || this.#following;
    if (at) this.#day.textContent = dayOf(at);
    clearTimeout(this.#dayTimer);
    this.#dayTimer = setTimeout(() => this.#day.hidden = true, DAY_SHOWN_MS);
  }

  #firstNewAfter(readSeq) {
    return Array.from(this.#list.children).find((item) => seqOf(item) > readSeq && this.#isFromOthers(item));
  }

  #itemAt(seq) {
    return seq ? this.#list.querySelector(`[data-seq="${seq}"]`) : null;
  }

  // Halving, since it is asked with every frame of a scroll.
  #firstBelow(y) {
    const { children } = this.#list;
    let [low, high] = [0, children.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (children[middle].getBoundingClientRect().bottom > y) high = middle;
      else low = middle + 1;
    }
    return children[low];
  }

  // What one is reading stays where it is, whatever is put above it or grows there.
  #keepingPlace(change) {
    const { top } = this.#scroller.getBoundingClientRect();
    const anchor = this.#following ? null : this.#firstBelow(top);
    // Of what it says, since the day and the name above it may come and go.
    const topOf = (item) => item.querySelector(".message__body").getBoundingClientRect().top;
    const before = anchor && topOf(anchor);
    change();
    // By id, since the change may have put a newer revision in its place.
    const now = anchor && document.getElementById(anchor.id);
    if (now) this.#scroller.scrollTop += topOf(now) - before;
  }
}

export function seqOf(item) {
  return Number(item?.dataset.seq ?? 0);
}
