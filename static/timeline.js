// The messages of the open conversation, in order of seq, each as the server rendered it. Holds a window
// of them: older ones come back at the top and newer ones at the bottom as one scrolls, and what is far
// away leaves the page, so that a tab may stay open for a day. Follows the newest while one is there,
// and stays put otherwise.
//
// Emits `view` whenever other messages may have come into view, and `placed` with items that came or were
// loaded, whether the window has a place for them or not, `came` with those that came and have one, and `renew` with
// one just before it takes the place of its older revision.

import { get } from "./api.js";
import { dayOf } from "./times.js";
import { dress, momentOf, seqOf } from "./dress.js";
import { parse } from "./fragment.js";
import { Unread } from "./unread.js";
import { sayer } from "./words.js";

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
  #day;
  #unread;
  #conversationId;
  #sees;
  #signal;
  #older; // the seq before which there is more; null: the first one is here
  #newer; // the seq after which there is more; null: the newest is here
  #lastSeq;
  #following = true;
  #height; // of what is in view
  #loading = null; // a promise while a page is on its way
  #loadAgainAt = 0;
  #queue = []; // fragments that wait for the next frame
  #hidden = new Set(); // ids of messages that the reader has hidden; one may still be on its way
  #timer = null;
  #dayTimer;
  #frame = 0;

  // Lifecycle

  constructor(root, { conversationId, userId, sees, signal }) {
    super();
    const part = (name) => root.querySelector(`.timeline${name}`);
    [this.#scroller, this.#list, this.#start, this.#day] = ["", "__messages", "__start", "__day"].map(part);
    this.#unread = new Unread(root, userId);
    this.#conversationId = conversationId;
    this.#sees = sees;
    this.#signal = signal;
    const { older, newer, lastSeq } = this.#scroller.dataset;
    this.#older = older ? Number(older) : null;
    this.#newer = newer ? Number(newer) : null;
    this.#lastSeq = Number(lastSeq);
    this.#height = this.#scroller.clientHeight;
    this.#scroller.addEventListener("scroll", () => this.#soon(), { passive: true, signal });
    part("__latest").addEventListener("click", () => {
      this.#scroller.focus({ preventScroll: true }); // The button is about to go.
      this.toLatest();
    }, { signal });
    part("__unread").addEventListener("click", () => this.#toUnread(), { signal });
    document.addEventListener("visibilitychange", () => this.#flush(), { signal });
    for (const type of ["focus", "visibilitychange"]) window.addEventListener(type, () => this.#soon(), { signal });
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
    this.#queue.push({ html, isTakenBack, isSeen: this.#sees() });
    if (this.#queue.length > ITEMS_MAX) return this.#flush();
    if (document.hidden) this.#timer ??= setTimeout(() => this.#flush(), HIDDEN_FLUSH_MS);
    else this.#soon();
  }

  // A message of one's own that is on its way stands at the bottom, and one wants to see it: also while
  // the newest of the others can not be had.
  async toLatest() {
    if (this.#newer !== null) await this.#load({});
    this.#toBottom();
  }

  // A message by its place, wherever it is. One that is not there for the reader leads to what follows it.
  async jumpTo(seq) {
    if (!this.#itemAt(seq)) {
      this.#following = false;
      if (!await this.#load({ around: seq })) return this.#scrolled();
    }
    const item = Array.from(this.#list.children).find((item) => seqOf(item) >= seq) ?? this.#list.lastElementChild;
    if (!item) return;
    this.#following = false;
    item.scrollIntoView({ block: "center" });
    item.focus({ preventScroll: true });
    if (seqOf(item) === seq) {
      item.classList.add("message--highlight");
      setTimeout(() => item.classList.remove("message--highlight"), HIGHLIGHT_MS);
    }
    this.#scrolled();
  }

  hide(messageId) {
    this.#hidden.add(messageId);
    const item = document.getElementById(`message-${messageId}`);
    if (!item) return;
    const { nextElementSibling: next, previousElementSibling: previous } = item;
    const hadFocus = item.contains(document.activeElement);
    this.#keepingPlace(() => {
      item.remove();
      for (const neighbour of [previous, next]) if (neighbour) dress(neighbour);
      this.#unread.draw(this.#older);
    });
    if (hadFocus) (next ?? previous ?? this.#scroller).focus({ preventScroll: true });
    this.#scrolled();
  }

  // Its message is to be shown by who takes it back, unless it is hidden once more before.
  unhide(messageId) {
    this.#hidden.delete(messageId);
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
    this.#scroller.dataset.kept = "";
    for (const item of this.#list.children) dress(item);
    const { readSeq, unread, highlight } = this.#scroller.dataset;
    if (Number(unread) > 0) this.#unread.begin(Number(readSeq) + 1, Number(unread));
    this.#unread.draw(this.#older);
    if (highlight) this.jumpTo(Number(highlight));
    else if (this.#unread.first(this.#older)) this.#toUnseen();
    else this.#toBottom();
  }

  #flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#signal.aborted || this.#loading || this.#queue.length === 0) return; // A load flushes when it is done.
    this.#receive(this.#queue.splice(0).map(({ html, ...how }) => Object.assign(read(html), how)));
  }

  #receive(items) {
    const placed = [];
    let came = 0;
    // What comes while nobody looks waits where the reader left off.
    const isSeen = items.every((item) => item.isSeen);
    const goesAlong = () => this.#following && (isSeen || !this.#unread.waits);
    this.#keepingPlace(() => {
      for (const item of items) {
        const isNew = seqOf(item) > this.#lastSeq;
        if (isNew) this.#lastSeq = seqOf(item);
        if (isNew && this.#unread.isFromOthers(item)) {
          came += 1;
          if (!this.#following || !isSeen) this.#unread.came(seqOf(item));
        }
        // Too many below what one reads: they are loaded when one scrolls there.
        if (isNew && !goesAlong() && this.#list.childElementCount >= ITEMS_MAX) {
          this.#newer ??= seqOf(this.#list.lastElementChild);
        }
        if (this.#belongsHere(item, isNew) && this.#place(item)) placed.push(item);
      }
      for (const item of placed) if (item.isConnected) dress(item);
      for (const item of placed) if (item.nextElementSibling) dress(item.nextElementSibling);
      this.#unread.draw(this.#older);
    });
    if (goesAlong()) this.#toBottom();
    else if (this.#following) this.#toUnseen();
    if (this.#following) this.#cut("first");
    else this.#unread.countBelow(came);
    this.#tell();
    this.dispatchEvent(new CustomEvent("placed", { detail: items }));
    this.dispatchEvent(new CustomEvent("came", { detail: placed }));
  }

  // Outside of the window it is loaded with its present content when one scrolls there. What changes within
  // and is not there, the reader has hidden.
  #belongsHere(item, isNew) {
    const seq = seqOf(item);
    if (!isNew && !item.isTakenBack && item.dataset.revision !== "1" && !document.getElementById(item.id)) return false;
    if (this.#newer !== null && seq > this.#newer) return false;
    return this.#older === null || this.#list.childElementCount === 0 || seq >= seqOf(this.#list.firstElementChild);
  }

  #place(item) {
    if (this.#hidden.has(item.dataset.messageId)) return false;
    const present = document.getElementById(item.id);
    if (present) {
      if (Number(present.dataset.revision) >= Number(item.dataset.revision)) return false;
      this.dispatchEvent(new CustomEvent("renew", { detail: item }));
      const hadFocus = present.contains(document.activeElement);
      present.replaceWith(item);
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

  // One page at a time: who jumps waits for what is under way.
  async #load(where) {
    while (this.#loading) await this.#loading;
    this.#loading = this.#fetch(where);
    const isLoaded = await this.#loading;
    this.#loading = null;
    this.#flush();
    return isLoaded;
  }

  async #fetch(where) {
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
      this.#scroller.ariaBusy = "false";
    }
  }

  #apply({ before, after, around }, { items, next }) {
    const isElsewhere = before === undefined && after === undefined;
    const fresh = items.map(({ html }) => read(html));
    this.#keepingPlace(() => {
      if (isElsewhere) this.#list.replaceChildren();
      const placed = fresh.filter((item) => this.#place(item));
      if (isElsewhere) {
        // A page may be empty: its reader has hidden all of it.
        const first = placed.length ? seqOf(placed[0]) : around ?? this.#lastSeq + 1;
        const last = placed.length ? seqOf(placed.at(-1)) : first - 1;
        this.#older = first > 1 ? first : null;
        this.#newer = last < this.#lastSeq ? last : null;
      } else if (before !== undefined) {
        this.#older = next;
      } else {
        this.#newer = next;
      }
      for (const item of placed) dress(item);
      const joint = placed.at(-1)?.nextElementSibling;
      if (joint) dress(joint);
      this.#unread.draw(this.#older);
      this.#start.hidden = this.#older !== null;
    });
    if (!isElsewhere) this.#cut(before !== undefined ? "last" : "first");
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
    // It was resized, which the observer tells a moment later: that is not scrolling away from the newest.
    const isResized = this.#height !== (this.#height = clientHeight);
    if (isResized && this.#following) return this.#toBottom();
    const toEnd = scrollHeight - scrollTop - clientHeight;
    this.#following = toEnd < BOTTOM_MARGIN_PX && this.#newer === null;
    if (!this.#loading && Date.now() >= this.#loadAgainAt) {
      if (scrollTop < EDGE_MARGIN_PX && this.#older !== null) this.#load({ before: this.#older });
      else if (toEnd < EDGE_MARGIN_PX && this.#newer !== null) this.#load({ after: this.#newer });
    }
    this.#tell();
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
  #toUnseen() {
    const item = this.#unread.first(this.#older);
    if (!item) return this.#toBottom();
    const top = item.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
    this.#scroller.scrollTop += top - DIVIDER_MARGIN_PX;
    this.#scrolled();
  }

  async #toUnread() {
    if (!this.#unread.first(this.#older) && !await this.#load({ around: this.#unread.firstSeq })) return;
    this.#toUnseen();
    this.#unread.first(this.#older)?.focus({ preventScroll: true });
  }

  #tell() {
    this.#unread.tell(this.#scroller, { older: this.#older, follows: this.#following, sees: this.#sees() });
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
    const anchor = this.#firstBelow(top);
    // Of what it says, since the day and the name above it may come and go.
    const topOf = (item) => item.querySelector(".message__content").getBoundingClientRect().top;
    const before = anchor && topOf(anchor);
    change();
    // By id, since the change may have put a newer revision in its place.
    const now = anchor && document.getElementById(anchor.id);
    if (now) this.#scroller.scrollTop += topOf(now) - before;
  }
}

function read(html) {
  const item = parse(html);
  return sayer?.anew(item) ?? item;
}
